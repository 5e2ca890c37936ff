import { Ajv2020, str, type ErrorObject, type KeywordDefinition, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import { LRUCache } from 'lru-cache'
import { findJsonFault, type Json } from './json-value.ts'
import { LIMITS } from './limits.ts'
import { isMultipleOf } from './multiple-of.ts'
import { didYouMean } from './nearest.ts'
import { pointer, type Problem } from './problems.ts'

/** Values given to a workflow or made by a step: checked against JSON Schema 2020-12, and for what can be stored. */

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'
const addFormats = addFormatsModule.default

/** Problems told of one value. */
const MOST_ERRORS = 100

/** Checks schemas; made when first needed, since compiling the meta-schema takes 80 ms. */
let metaSchema: Ajv2020 | null = null

interface Compiled {
  /** Null where the schema cannot be used; `faults` says why. */
  validate: ValidateFunction | null
  /** Paths lead from the schema. */
  faults: { path: string; message: string }[]
}

/** By the text of the schema. Compiling takes about 1.5 ms, validating microseconds. */
const compiled = new LRUCache<string, Compiled>({ max: 1_000 })

/** What is wrong with a JSON Schema itself (2020-12); `path` leads from the schema. */
export function schemaFaults(schema: Json): readonly { path: string; message: string }[] {
  return compile(schema).faults
}

/**
 * Checks the input of a run against the workflow's `input_schema` (undefined: anything is right). Paths begin with
 * `/input`. A schema that cannot be used, which validation of the definition finds first, is a problem too.
 */
export function checkInput(schema: Json | undefined, input: Json): Problem[] {
  const fault = checkPayload(input, { maxBytes: LIMITS.bodyBytes, name: 'the input' })
  if (fault !== null) return [{ ...fault, path: `/input${fault.path}` }]
  if (schema === undefined) return []
  return checkAgainstSchema(schema, input).map(({ path, message }) => ({
    path: `/input${path}`,
    code: 'invalid_input' as const,
    message,
  }))
}

/** Where a value does not meet a schema, at most 100 places; `path` leads from the value. Never throws. */
export function checkAgainstSchema(schema: Json, value: Json): { path: string; message: string }[] {
  const { validate, faults } = compile(schema)
  if (validate === null)
    return faults.map(({ path, message }) => ({ path: '', message: `the schema at ${path || '/'}: ${message}` }))
  try {
    if (validate(value)) return []
  } catch (thrown) {
    return [
      {
        path: '',
        message: `the schema cannot be evaluated: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      },
    ]
  }
  return (validate.errors ?? []).slice(0, MOST_ERRORS).map(describeError)
}

/**
 * Whether a check against the schema may take far longer than the value is long: patterns backtrack, `uniqueItems` compares
 * everything with everything, references may refer to references.
 */
export function mayTakeLong(schema: Json): boolean {
  return COSTLY.test(JSON.stringify(schema))
}

const COSTLY = /"(?:pattern|patternProperties|format|uniqueItems|\$ref|\$dynamicRef)":/

function compile(schema: Json): Compiled {
  const text = JSON.stringify(schema)
  const known = compiled.get(text)
  if (known !== undefined) return known
  const fresh = compileAnew(schema)
  compiled.set(text, fresh)
  return fresh
}

function compileAnew(schema: Json): Compiled {
  if (typeof schema !== 'boolean' && (typeof schema !== 'object' || schema === null || Array.isArray(schema))) {
    return unusable([{ path: '', message: 'a JSON Schema is an object or a boolean' }])
  }
  const dialect = typeof schema === 'object' ? schema['$schema'] : undefined
  if (dialect !== undefined && dialect !== DIALECT && dialect !== `${DIALECT}#`) {
    return unusable([
      { path: '/$schema', message: `${JSON.stringify(dialect)} is not supported; leave it out or use ${DIALECT}` },
    ])
  }
  if (typeof schema === 'object' && schema['$async'] !== undefined) {
    return unusable([{ path: '/$async', message: 'is not supported' }])
  }
  metaSchema ??= new Ajv2020({ strict: false, allErrors: true, logger: false })
  if (metaSchema.validateSchema(schema) !== true) {
    const errors = (metaSchema.errors ?? []).filter((error) => error.keyword !== 'anyOf')
    return unusable(errors.slice(0, MOST_ERRORS).map(describeError))
  }
  try {
    return { validate: newAjv().compile(schema), faults: [] }
  } catch (thrown) {
    return unusable([{ path: '', message: thrown instanceof Error ? thrown.message : String(thrown) }])
  }
}

function unusable(faults: Compiled['faults']): Compiled {
  return { validate: null, faults }
}

/** An instance a schema: it remembers all that it ever compiled, so it must be able to go. */
function newAjv(): Ajv2020 {
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    logger: false,
    meta: false,
    validateSchema: false,
    verbose: true,
    // What every object inherits, such as `constructor`, is no property of it.
    ownProperties: true,
  })
  ajv.removeKeyword('multipleOf').addKeyword(MULTIPLE_OF)
  return addFormats(ajv)
}

/** Ajv's own takes the quotient for exact, and so refuses 0.07 as a multiple of 0.01. */
const MULTIPLE_OF: KeywordDefinition = {
  keyword: 'multipleOf',
  type: 'number',
  schemaType: 'number',
  error: { message: ({ schemaCode }) => str`must be multiple of ${schemaCode}` },
  compile: (divisor: number) => (value: number) => isMultipleOf(value, divisor),
}

function describeError(error: ErrorObject): { path: string; message: string } {
  const params = error.params as Record<string, unknown>
  const message = error.message ?? `breaks the rule ${error.keyword}`
  switch (error.keyword) {
    case 'required':
      return { path: error.instancePath + pointer(String(params['missingProperty'])), message: 'is required' }
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return describeExtra(error, String(params['additionalProperty'] ?? params['unevaluatedProperty']))
    case 'enum':
      return {
        path: error.instancePath,
        message: `must be one of: ${JSON.stringify(params['allowedValues']).slice(1, -1)}`,
      }
    case 'const':
      return { path: error.instancePath, message: `must be ${JSON.stringify(params['allowedValue'])}` }
    default:
      return { path: error.instancePath, message }
  }
}

function describeExtra(error: ErrorObject, key: string): { path: string; message: string } {
  const properties = (error.parentSchema as { properties?: object } | undefined)?.properties ?? {}
  return {
    path: error.instancePath + pointer(key),
    message: `unknown key "${key}"${didYouMean(key, Object.keys(properties))}`,
  }
}

/** What {@link checkPayload} allows, and how it calls the value. */
export interface PayloadRules {
  /** Size as JSON text in UTF-8. */
  maxBytes: number
  /** For the message: `the output of step charge`. */
  name: string
}

/**
 * What keeps a value from being stored as jsonb: no JSON, a NUL character or half a surrogate pair anywhere, nesting
 * deeper than 64, or more bytes than allowed. Null if nothing does. The path leads from the value to the place.
 */
export function checkPayload(value: unknown, { maxBytes, name }: PayloadRules): Problem | null {
  const fault = findJsonFault(value, LIMITS.jsonDepth)
  if (fault !== null) {
    const path = pointer(...fault.path)
    const message = `${name} cannot be stored: at ${path || 'its top'}, ${fault.message}`
    return { path, code: fault.tooDeep ? 'limit_exceeded' : 'invalid_input', message }
  }
  const bytes = jsonBytes(value as Json)
  if (bytes <= maxBytes) return null
  const [found, allowed] = [bytes, maxBytes].map((number) => number.toLocaleString('en'))
  return {
    path: '',
    code: 'limit_exceeded',
    message: `${name} has ${found} bytes as JSON, more than the ${allowed} allowed`,
  }
}

const encoder = new TextEncoder()

/** The size of a value as JSON text in UTF-8. */
export function jsonBytes(value: Json): number {
  return encoder.encode(JSON.stringify(value)).byteLength
}
