import type { Completion, CompletionContext, CompletionResult, CompletionSource } from '@codemirror/autocomplete'
import { placeAt, type Place } from './json-places.ts'
import { schemasAt, type JsonSchema } from './schema-walk.ts'

/** Completes names and values of a JSON text by its schema. */
export function schemaCompletion(schema: () => JsonSchema | undefined): CompletionSource {
  return (context: CompletionContext): CompletionResult | null => {
    const root = schema()
    const place = root === undefined ? null : placeAt(context.state, context.pos)
    if (root === undefined || place === null) return null
    const word = context.matchBefore(/["\w$.-]*/)
    if (!context.explicit && (word === null || word.from === word.to)) return null
    const from = place.node?.from ?? word?.from ?? context.pos
    const to = place.node?.to ?? context.pos
    const schemas = schemasAt(root, place.path)
    const options = place.kind === 'name' ? names(schemas, place) : values(schemas)
    return options.length === 0 ? null : { from, to, options, validFor: /^["\w$.-]*$/ }
  }
}

function names(schemas: readonly JsonSchema[], place: Place): Completion[] {
  const required = new Set(schemas.flatMap((schema) => schema.required ?? []))
  const found = new Map<string, Completion>()
  for (const schema of schemas) {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      if (found.has(name) || (place.node === null && place.names.includes(name))) continue
      const label = JSON.stringify(name)
      found.set(name, {
        label,
        apply: place.node === null ? `${label}: ` : label,
        type: 'property',
        ...(typeof property.type === 'string' ? { detail: property.type } : {}),
        ...(property.description === undefined ? {} : { info: property.description }),
        boost: required.has(name) ? 1 : 0,
      })
    }
  }
  return [...found.values()]
}

function values(schemas: readonly JsonSchema[]): Completion[] {
  const all = schemas.flatMap((schema) => [
    ...(schema.enum ?? []),
    ...(schema.const === undefined ? [] : [schema.const]),
    ...(schema.type === 'boolean' ? [true, false] : []),
  ])
  return [...new Set(all.map((value) => JSON.stringify(value)))].map((label) => ({ label, type: 'enum' }))
}
