import type { Json } from './json-value.ts'
import { LIMITS } from './limits.ts'

/**
 * Which paths the values of a JSON Schema (2020-12) can have. The answer "impossible" is certain, everything else counts
 * as possible: keywords that are not looked at, patterns of keys, references out of the schema, recursion without end.
 */

/** Why a path is impossible. */
export interface PathFault {
  /** Place in the path of the key that is not there. */
  depth: number
  /** What the value that lacks the key is: an object with these fields only, an array, or neither. */
  holder: { kind: 'object'; fields: readonly string[] } | { kind: 'array' } | { kind: 'scalar'; types: string }
}

/** How to read a schema. */
interface PathRules {
  /**
   * An object that lists `properties` has no others unless `additionalProperties` says so. JSON Schema itself leaves such
   * objects open.
   */
  closed: boolean
}

type SchemaObject = Record<string, Json>

/** Keywords besides `properties` and its two companions that may allow a key. */
const APPLICATORS = [
  '$ref',
  '$dynamicRef',
  'allOf',
  'anyOf',
  'oneOf',
  'if',
  'then',
  'else',
  'dependentSchemas',
  'patternProperties',
]

/** Schemas within schemas that are followed at most; deeper ones count as possible. */
const DEEPEST = 200
/** No value nests deeper (`LIMITS.jsonDepth`), so no more of a path is looked at. */
const LONGEST_PATH = LIMITS.jsonDepth

/** Finds the first key of a path that no value of the schema can have; null where the path is possible. */
export function findImpossible(schema: Json, path: readonly string[], rules: PathRules): PathFault | null {
  return new PathSearch(schema, path.slice(0, LONGEST_PATH), rules.closed).at(schema, 0, rules.closed)
}

class PathSearch {
  readonly #root: Json
  readonly #path: readonly string[]
  readonly #closed: boolean
  #level = 0
  /** Answers by schema and place; a schema that is met again at the same place refers to itself: possible. */
  readonly #known = new Map<SchemaObject, Map<string, PathFault | null>>()

  constructor(root: Json, path: readonly string[], closed: boolean) {
    this.#root = root
    this.#path = path
    this.#closed = closed
  }

  at(schema: Json, depth: number, closed: boolean): PathFault | null {
    if (schema === false) return { depth: Math.max(depth - 1, 0), holder: { kind: 'object', fields: [] } }
    if (depth >= this.#path.length || !isSchemaObject(schema)) return null
    if (schema !== this.#root && schema['$id'] !== undefined) return null
    const places = this.#known.get(schema) ?? new Map<string, PathFault | null>()
    this.#known.set(schema, places)
    const place = `${depth} ${closed}`
    const known = places.get(place)
    if (known !== undefined) return known
    places.set(place, null)
    if (this.#level >= DEEPEST) return null
    this.#level += 1
    const fault = this.#examine(schema, depth, closed)
    this.#level -= 1
    places.set(place, fault)
    return fault
  }

  /** All of the keywords must allow the path: one that does not is enough. */
  #examine(schema: SchemaObject, depth: number, closed: boolean): PathFault | null {
    const applied = APPLICATORS.filter((keyword) => schema[keyword] !== undefined)
    const isAlone = applied.length === 0
    const inner = closed && applied.length === 1 && applied[0] !== 'allOf' && schema['properties'] === undefined
    const own = this.#own(schema, depth, closed && isAlone)
    if (own !== null) return own
    const conjuncts = [...listOf(schema['allOf']), ...this.#target(schema['$ref'])]
    for (const conjunct of conjuncts) {
      const fault = this.at(conjunct, depth, inner)
      if (fault !== null) return fault
    }
    for (const keyword of ['anyOf', 'oneOf']) {
      const fault = this.#alternatives(listOf(schema[keyword]), depth, inner)
      if (fault !== null) return fault
    }
    return null
  }

  /** Impossible only where no alternative has the path: the one that goes furthest tells why. */
  #alternatives(schemas: readonly Json[], depth: number, closed: boolean): PathFault | null {
    let furthest: PathFault | null = null
    for (const schema of schemas) {
      const fault = this.at(schema, depth, closed)
      if (fault === null) return null
      furthest = furthest === null ? fault : further(furthest, fault)
    }
    return furthest
  }

  /** What `type` and the keywords of objects and arrays say. */
  #own(schema: SchemaObject, depth: number, closed: boolean): PathFault | null {
    const types = schema['type'] === undefined ? null : listOf(schema['type'])
    const viaObject = types === null || types.includes('object') ? this.#viaObject(schema, depth, closed) : undefined
    const viaArray = types === null || types.includes('array') ? this.#viaArray(schema, depth) : undefined
    if (viaObject === null || viaArray === null) return null
    if (viaObject !== undefined && viaArray !== undefined) return further(viaObject, viaArray)
    return viaObject ?? viaArray ?? { depth, holder: { kind: 'scalar', types: (types ?? []).map(String).join(' or ') } }
  }

  #viaObject(schema: SchemaObject, depth: number, closed: boolean): PathFault | null {
    const key = this.#path[depth] ?? ''
    const properties = isSchemaObject(schema['properties']) ? schema['properties'] : {}
    if (Object.hasOwn(properties, key)) return this.at(properties[key] ?? true, depth + 1, this.#closed)
    if (Object.keys(schemaObject(schema['patternProperties'])).length > 0) return null
    const { additionalProperties } = schema
    const fields = Object.keys(properties)
    const isClosed = closed && schema['properties'] !== undefined && additionalProperties === undefined
    if (additionalProperties === false || isClosed) return { depth, holder: { kind: 'object', fields } }
    return this.at(additionalProperties ?? true, depth + 1, this.#closed)
  }

  #viaArray(schema: SchemaObject, depth: number): PathFault | null {
    const key = this.#path[depth] ?? ''
    if (!/^\d+$/.test(key)) return { depth, holder: { kind: 'array' } }
    const items = listOf(schema['prefixItems'])[Number(key)] ?? schema['items'] ?? true
    return items === false ? { depth, holder: { kind: 'array' } } : this.at(items, depth + 1, this.#closed)
  }

  /** What a `$ref` within the schema leads to; nothing where it leads elsewhere. */
  #target(reference: Json | undefined): Json[] {
    if (typeof reference !== 'string' || !/^#(?:\/|$)/.test(reference)) return []
    let target: Json | undefined = this.#root
    for (const token of reference.split('/').slice(1)) {
      const key = decoded(token).replaceAll('~1', '/').replaceAll('~0', '~')
      if (typeof target !== 'object' || target === null || !Object.hasOwn(target, key)) return []
      target = (target as SchemaObject)[key]
    }
    return target === undefined ? [] : [target]
  }
}

/** Of two faults the one that is deeper in the path; at one place, all the fields that would have been right. */
function further(one: PathFault, other: PathFault): PathFault {
  if (one.depth !== other.depth) return one.depth > other.depth ? one : other
  if (one.holder.kind !== 'object') return other
  if (other.holder.kind !== 'object') return one
  const fields = [...new Set([...one.holder.fields, ...other.holder.fields])]
  return { depth: one.depth, holder: { kind: 'object', fields } }
}

function isSchemaObject(value: Json | undefined): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function schemaObject(value: Json | undefined): SchemaObject {
  return isSchemaObject(value) ? value : {}
}

/** A list of one for what is no list: `type` may be either. */
function listOf(value: Json | undefined): Json[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function decoded(token: string): string {
  try {
    return decodeURIComponent(token)
  } catch {
    return token
  }
}
