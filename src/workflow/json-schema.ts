import { z } from 'zod'
import { definitionSchema, STEP_TYPES } from './definition.ts'
import { configSchemaOf } from './step-config.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema

/**
 * The JSON Schema (2020-12) of the workflow format, for editors: shape, defaults, ranges, and the `config` of each type.
 * What only validation can tell (cycles, bindings, expressions) is not in it. `id` is where it is served.
 */
export function workflowJsonSchema(id: string): JsonSchema {
  const schema = z.toJSONSchema(definitionSchema, { io: 'input' })
  const steps = schema.properties?.['steps']
  const step = typeof steps === 'object' ? steps.items : undefined
  if (typeof step === 'object' && !Array.isArray(step)) step.allOf = configByType()
  return {
    ...schema,
    $id: id,
    title: 'Sluice workflow',
    description: 'A workflow of Sluice: steps and their dependencies, run durably.',
  }
}

/** `config` by `type`; steps without a type are tasks, and so are types that are names of actions. */
function configByType(): JsonSchema[] {
  const ofType = STEP_TYPES.map((type) => ({
    if: { properties: { type: { const: type } }, ...(type === 'task' ? {} : { required: ['type'] }) },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: { properties: { config: configSchema(type) }, ...(needsConfig(type) ? { required: ['config'] } : {}) },
  }))
  const isAction = { properties: { type: { not: { enum: [...STEP_TYPES] } } }, required: ['type'] }
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  return [...ofType, { if: isAction, then: { properties: { config: configSchema('task') } } }]
}

function configSchema(type: string): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(configSchemaOf(type), { io: 'input' })
  return schema
}

/** Whether a step of this type says nothing without configuration. */
function needsConfig(type: string): boolean {
  return !configSchemaOf(type).safeParse({}).success
}
