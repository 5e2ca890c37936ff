/** Walking through a JSON Schema: what may stand at a place. Only what completion needs; the server validates. */

/** A JSON Schema, as far as it is looked at here. */
export interface JsonSchema {
  $ref?: string
  $defs?: Record<string, JsonSchema>
  definitions?: Record<string, JsonSchema>
  type?: string | string[]
  description?: string
  properties?: Record<string, JsonSchema>
  additionalProperties?: JsonSchema | boolean
  items?: JsonSchema | boolean
  prefixItems?: JsonSchema[]
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  allOf?: JsonSchema[]
  enum?: unknown[]
  const?: unknown
  required?: string[]
  default?: unknown
}

/** All schemas that may describe the value at a path, references and alternatives followed. */
export function schemasAt(root: JsonSchema, path: readonly string[]): JsonSchema[] {
  let found = alternatives(root, root)
  for (const segment of path) {
    found = found.flatMap((schema) => memberOf(schema, segment)).flatMap((schema) => alternatives(root, schema))
  }
  return found
}

function memberOf(schema: JsonSchema, segment: string): JsonSchema[] {
  const property = schema.properties?.[segment]
  if (property !== undefined) return [property]
  const index = /^\d+$/.test(segment) ? Number(segment) : null
  if (index !== null && schema.prefixItems?.[index] !== undefined) return [schema.prefixItems[index]]
  if (index !== null && typeof schema.items === 'object') return [schema.items]
  return typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []
}

/** A schema and everything that it says in other places. `seen` keeps a schema that contains itself from going round. */
function alternatives(root: JsonSchema, schema: JsonSchema, seen: ReadonlySet<JsonSchema> = new Set()): JsonSchema[] {
  if (seen.has(schema)) return []
  const now = new Set(seen).add(schema)
  const target = schema.$ref === undefined ? null : resolve(root, schema.$ref)
  const more = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? []), ...(target ? [target] : [])]
  return [schema, ...more.flatMap((each) => alternatives(root, each, now))]
}

function resolve(root: JsonSchema, ref: string): JsonSchema | null {
  if (ref === '#') return root
  let node: unknown = root
  for (const segment of ref.replace(/^#\//, '').split('/')) {
    if (typeof node !== 'object' || node === null) return null
    node = (node as Record<string, unknown>)[segment.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return typeof node === 'object' && node !== null ? node : null
}
