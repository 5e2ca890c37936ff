import { mapStepSchema } from './definition.ts'
import { readable } from './draft.ts'
import type { Json } from './json-value.ts'
import { didYouMean } from './nearest.ts'
import { shortened } from './quote.ts'
import { findImpossible, type PathFault } from './schema-paths.ts'

/** What is known before a run of the outputs of steps and of its input, and which paths they therefore cannot have. */

/** What a value must meet: a JSON Schema, or a list of values that meet others. */
export type ValueType =
  { kind: 'schema'; schema: Json; closed: boolean } | { kind: 'list'; items: readonly ValueType[] }

/** The parts of a step that tell of its output. */
export interface TypedStep {
  type: string | undefined
  config: Record<string, Json> | undefined
  outputSchema: Json | undefined
}

/** Outputs of the types that have a shape of their own. A request's body is whatever the server answers. */
const RESPONSE: Json = {
  type: 'object',
  properties: { status: { type: 'integer' }, headers: { type: 'object' }, body: true },
  additionalProperties: false,
}
const BUILT_IN: ReadonlyMap<string, Json> = new Map<string, Json>([
  [
    'condition',
    {
      type: 'object',
      properties: { result: { type: ['boolean', 'string'] }, branch: { type: 'string' } },
      additionalProperties: false,
    },
  ],
  ['http', RESPONSE],
  ['tool_call', RESPONSE],
])

/** All that the output of a step must meet at once; empty where nothing is known. */
export function outputTypesOf(step: TypedStep, schemaOfAction: (name: string) => Json | undefined): ValueType[] {
  const { type = 'task', config = {}, outputSchema } = step
  const action = type === 'task' ? config['action'] : type
  const announced = typeof action === 'string' ? schemaOfAction(action) : undefined
  const types: ValueType[] = []
  if (outputSchema !== undefined) types.push({ kind: 'schema', schema: outputSchema, closed: true })
  const known = BUILT_IN.get(type) ?? announced
  if (known !== undefined) types.push({ kind: 'schema', schema: known, closed: false })
  const inner = itemStepOf(step)
  if (inner !== null) types.push({ kind: 'list', items: outputTypesOf(inner, schemaOfAction) })
  return types
}

/** The step that a map runs for each item, as far as it can be read; null for other types. */
export function itemStepOf({ type, config }: TypedStep): TypedStep | null {
  if (type !== 'map') return null
  const inner = readable(mapStepSchema, config?.['step'])
  return { type: inner.type, config: inner.config, outputSchema: inner.output_schema }
}

/** What is known of the items of a list of these types, of lists within lists `depth` deep. */
export function itemTypesOf(types: readonly ValueType[], depth: number): readonly ValueType[] {
  if (depth === 0) return types
  return itemTypesOf(
    types.flatMap((type) => (type.kind === 'list' ? type.items : [])),
    depth - 1,
  )
}

/**
 * Why a value of these types cannot have a path, for a message: `step "charge" has no field "amuont" in its output; did
 * you mean "amount"?`. Null where it may. `owner` and `value` are how the value is called there.
 */
export function pathFaultOf(
  types: readonly ValueType[],
  path: readonly string[],
  names: { owner: string; value: string },
): string | null {
  for (const type of types) {
    const fault = findInType(type, path)
    if (fault !== null) return describe(fault, path, names)
  }
  return null
}

function findInType(type: ValueType, path: readonly string[]): PathFault | null {
  if (type.kind === 'schema') return findImpossible(type.schema, path, type)
  const [index, ...rest] = path
  if (index === undefined) return null
  if (!/^\d+$/.test(index)) return { depth: 0, holder: { kind: 'array' } }
  for (const item of type.items) {
    const fault = findInType(item, rest)
    if (fault !== null) return { ...fault, depth: fault.depth + 1 }
  }
  return null
}

function describe({ depth, holder }: PathFault, path: readonly string[], names: { owner: string; value: string }) {
  const key = path[depth] ?? ''
  const place = path.slice(0, depth).join('.')
  const where = place === '' ? names.value : `${place} of ${names.value}`
  switch (holder.kind) {
    case 'object': {
      const near = didYouMean(key, holder.fields)
      const known =
        holder.fields.length === 0 ? '; it has none' : `; its fields are: ${shortened(holder.fields.join(', '))}`
      return `${names.owner} has no field "${key}" in ${where}${near || known}`
    }
    case 'array':
      return `${names.owner} has no "${key}" in ${where}, which is an array: name an item, as in [0]`
    case 'scalar':
      return `${names.owner} has no field "${key}" in ${where}, which is of type ${holder.types}`
  }
}
