import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Json } from './json-value.ts'
import { findImpossible } from './schema-paths.ts'

const impossible = (schema: Json, path: string, closed = false): boolean =>
  findImpossible(schema, path.split('.'), { closed }) !== null

const closedObject = (properties: Json): Json => ({ type: 'object', properties, additionalProperties: false })

describe('findImpossible', () => {
  test.each<[string, Json, string]>([
    ['a field that a closed object lacks', closedObject({ a: {} }), 'b'],
    ['a field of a field', closedObject({ a: closedObject({ b: {} }) }), 'a.c'],
    ['a field of a number', { type: 'number' }, 'a'],
    ['a field of a text or null', { type: ['string', 'null'] }, 'a'],
    ['a name in an array', { type: 'array' }, 'length'],
    ['a field of an item', { type: 'array', items: closedObject({ a: {} }) }, '0.b'],
    ['a place behind the last of a tuple', { type: 'array', prefixItems: [{}], items: false }, '1'],
    ['a property that must not be there', { properties: { a: false } }, 'a'],
    ['a field of a map of numbers', { type: 'object', additionalProperties: { type: 'number' } }, 'x.y'],
    ['anything of nothing', false, 'a'],
    ['what one of allOf refuses', { allOf: [{}, closedObject({ a: {} })] }, 'b'],
    ['what all of anyOf refuse', { anyOf: [closedObject({ a: {} }), { type: 'null' }] }, 'b'],
    ['what all of oneOf refuse', { oneOf: [closedObject({ a: {} }), closedObject({ b: {} })] }, 'c'],
    ['what a definition refuses', { $ref: '#/$defs/x~1y', $defs: { 'x/y': closedObject({ a: {} }) } }, 'b'],
    ['a field of a tree', { ...(closedObject({ next: { $ref: '#' } }) as object) }, 'next.next.nxt'],
  ])('%s is impossible', (_, schema, path) => {
    expect(impossible(schema, path)).toBe(true)
  })

  test.each<[string, Json, string]>([
    ['a field that is listed', closedObject({ a: {} }), 'a'],
    ['anything below a field of any kind', closedObject({ a: {} }), 'a.b.c'],
    ['another field of an open object', { type: 'object', properties: { a: {} } }, 'b'],
    ['a field of an object or a number', { type: ['number', 'object'] }, 'a'],
    ['an item', { type: 'array', items: closedObject({ a: {} }) }, '12.a'],
    ['a key of a pattern', { ...(closedObject({}) as object), patternProperties: { '^x': {} } }, 'x1'],
    ['what one of anyOf has', { anyOf: [closedObject({ a: {} }), closedObject({ b: {} })] }, 'b'],
    ['what a definition has', { $ref: '#/$defs/A', $defs: { A: closedObject({ a: {} }) } }, 'a'],
    ['a definition elsewhere', { $ref: 'https://example.com/schema.json' }, 'a'],
    ['a definition that is not there', { $ref: '#/$defs/none' }, 'a'],
    ['a definition of its own', { $ref: '#' }, 'a'],
    ['a definition with another base', closedObject({ a: { $id: 'x', $ref: '#/y' } }), 'a.b'],
    ['unknown keywords', { unevaluatedProperties: false, if: {}, not: {} }, 'a'],
    ['anything', true, 'a.b'],
    ['no schema at all', 'text', 'a'],
  ])('%s is possible', (_, schema, path) => {
    expect(impossible(schema, path)).toBe(false)
  })

  test('what is declared closes an object, unless more is said', () => {
    const declared: Json = { type: 'object', properties: { a: { type: 'object', properties: { b: {} } } } }
    expect(['a', 'a.b', 'b', 'a.c'].filter((path) => impossible(declared, path, true))).toEqual(['b', 'a.c'])
    const open: Json[] = [
      { ...declared, additionalProperties: true },
      { ...declared, allOf: [{ properties: { b: {} } }] },
      { allOf: [declared, { properties: { b: {} } }] },
      { type: 'object' },
    ]
    expect(open.map((schema) => impossible(schema, 'b', true))).toEqual([false, false, false, false])
    expect(impossible({ $ref: '#/$defs/A', $defs: { A: declared } }, 'b', true)).toBe(true)
    expect(impossible({ anyOf: [declared, { type: 'null' }] }, 'b', true)).toBe(true)
  })

  test('says which key is missing, and what would have been there', () => {
    const schema: Json = { anyOf: [closedObject({ a: closedObject({ b: {}, c: {} }) }), closedObject({ d: {} })] }
    expect(findImpossible(schema, ['a', 'x'], { closed: false })).toEqual({
      depth: 1,
      holder: { kind: 'object', fields: ['b', 'c'] },
    })
    expect(findImpossible(schema, ['x'], { closed: false })?.holder).toEqual({ kind: 'object', fields: ['a', 'd'] })
  })

  test('a schema made by zod is closed as its objects are', () => {
    const strict = z.toJSONSchema(z.object({ id: z.string(), more: z.looseObject({}) }), { io: 'output' }) as Json
    expect(['id', 'idd', 'id.x', 'more.x'].map((path) => impossible(strict, path))).toEqual([false, true, true, false])
  })

  test('alternatives that refer to themselves are looked at once each', () => {
    const schema: Json = { anyOf: Array.from({ length: 30 }, () => ({ properties: { a: { $ref: '#' } } })) }
    expect(impossible(schema, Array.from({ length: 50 }, () => 'a').join('.'))).toBe(false)
    const refusing = { anyOf: Array.from({ length: 30 }, () => closedObject({ a: { $ref: '#' } })) } as Json
    expect(impossible(refusing, [...Array.from({ length: 50 }, () => 'a'), 'b'].join('.'))).toBe(true)
  })

  test('neither long paths nor long chains of definitions overflow the stack', () => {
    const tree = closedObject({ a: { $ref: '#' } })
    expect(impossible(tree, Array.from({ length: 100_000 }, () => 'a').join('.'))).toBe(false)
    const definitions = Array.from({ length: 10_000 }, (_, index) => [`d${index}`, { $ref: `#/$defs/d${index + 1}` }])
    expect(impossible({ $ref: '#/$defs/d0', $defs: Object.fromEntries(definitions) as Json }, 'a')).toBe(false)
  })
})
