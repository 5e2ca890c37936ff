import { Validator, type Schema } from '@cfworker/json-schema'
import type { RJSFSchema, RJSFValidationError, ValidatorType } from '@rjsf/utils'
import { toErrorSchema } from '@rjsf/utils'

/**
 * The validator of generated forms. The usual one compiles schemas to code, which the Content-Security-Policy forbids;
 * this one interprets them. The server validates again, by the same schema.
 */
export const schemaValidator: ValidatorType<unknown> = {
  validateFormData(data, schema) {
    const errors = validate(schema, data)
    return { errors, errorSchema: toErrorSchema<unknown>(errors) }
  },
  isValid(schema, data, root) {
    const own = root === schema ? schema : { $defs: root.$defs, definitions: root.definitions, ...schema }
    return validate(own, data).length === 0
  },
  rawValidation: (schema, data) => ({ errors: validate(schema, data) as never[] }),
}

/** Keywords that only repeat that something below them is wrong. */
const WRAPPERS = new Set([
  'properties',
  'items',
  'prefixItems',
  'allOf',
  '$ref',
  'additionalProperties',
  'then',
  'else',
])

function validate(schema: RJSFSchema, data: unknown): RJSFValidationError[] {
  const { errors } = new Validator(schema as Schema, '2020-12', false).validate(data ?? null)
  return errors
    .filter((error) => !WRAPPERS.has(error.keyword))
    .map((error) => {
      const place = error.instanceLocation.replace(/^#/, '')
      const missing = error.keyword === 'required' ? /"([^"]+)"/.exec(error.error)?.[1] : undefined
      const path = missing === undefined ? place : `${place}/${missing}`
      return {
        name: error.keyword,
        property: path.replaceAll('/', '.'),
        message: missing === undefined ? error.error : 'is required',
        stack: `${path === '' ? 'the input' : path} ${error.error}`,
      }
    })
}
