import { describe, expect, it } from 'vitest'
import { checkAgainstSchema, checkInput, checkPayload, jsonBytes, mayTakeLong, schemaFaults } from './input.ts'
import type { Json } from './json-value.ts'

const SCHEMA: Json = {
  type: 'object',
  properties: {
    amount: { type: 'number', exclusiveMinimum: 0 },
    'a/b': { enum: [1, 2] },
    email: { type: 'string', format: 'email' },
  },
  required: ['amount'],
  additionalProperties: false,
}

describe('checkInput', () => {
  it('tells every place below /input', () => {
    expect(checkInput(SCHEMA, { 'a/b': 3, email: 'x', amout: 1 })).toEqual([
      { code: 'invalid_input', path: '/input/amount', message: 'is required' },
      { code: 'invalid_input', path: '/input/amout', message: 'unknown key "amout"; did you mean "amount"?' },
      { code: 'invalid_input', path: '/input/a~1b', message: 'must be one of: 1,2' },
      { code: 'invalid_input', path: '/input/email', message: 'must match format "email"' },
    ])
  })

  it('accepts what meets the schema, and anything without one', () => {
    expect(checkInput(SCHEMA, { amount: 1 })).toEqual([])
    expect(checkInput(undefined, 'anything')).toEqual([])
    expect(checkInput(true, null)).toEqual([])
  })

  it('refuses what cannot be stored even without a schema', () => {
    expect(checkInput(undefined, { a: 'x\u0000' })).toMatchObject([{ code: 'invalid_input', path: '/input/a' }])
  })
})

describe('schemas', () => {
  it.each<[Json, string, string]>([
    [5, '', 'an object or a boolean'],
    [{ type: 'strin' }, '/type', 'must be one of'],
    [{ pattern: '[' }, '', 'Invalid regular expression'],
    [{ $ref: 'https://example.com/other' }, '', "can't resolve reference"],
    [{ $schema: 'http://json-schema.org/draft-07/schema#' }, '/$schema', 'is not supported'],
    [{ type: 'string', $async: true }, '/$async', 'is not supported'],
  ])('%j is refused', (schema, path, text) => {
    const [fault] = schemaFaults(schema)
    expect(fault).toMatchObject({ path })
    expect(fault?.message).toContain(text)
    expect(checkAgainstSchema(schema, 'x')[0]?.message).toContain('the schema at')
  })

  it('what every object inherits is no property of it', () => {
    const schema: Json = { type: 'object', required: ['constructor'], properties: { toString: { type: 'string' } } }
    expect(checkAgainstSchema(schema, {})).toEqual([{ path: '/constructor', message: 'is required' }])
    expect(checkAgainstSchema(schema, { constructor: 1, toString: 'x' })).toEqual([])
    expect(checkAgainstSchema(schema, { constructor: 1, toString: 2 })).toMatchObject([{ path: '/toString' }])
  })

  it('a multiple is one in decimals', () => {
    expect(checkAgainstSchema({ multipleOf: 0.01 }, 0.07)).toEqual([])
    expect(checkAgainstSchema({ multipleOf: 0.01 }, 0.075)).toEqual([{ path: '', message: 'must be multiple of 0.01' }])
  })

  it('two schemas may have the same $id, and annotations of their own', () => {
    const one: Json = { $id: 'https://example.com/s', type: 'string', 'x-note': 'first' }
    const two: Json = { $id: 'https://example.com/s', type: 'number' }
    expect(checkAgainstSchema(one, 'x')).toEqual([])
    expect(checkAgainstSchema(two, 'x')).toHaveLength(1)
  })

  it('a schema that refers to itself without end is an answer, not a crash', () => {
    const schema: Json = { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' }
    expect(checkAgainstSchema(schema, 1)).toHaveLength(1)
  })
})

function nested(levels: number): Json {
  return JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as Json
}

describe('checkPayload', () => {
  const rules = { maxBytes: 20, name: 'the output of step charge' }

  it.each<[unknown, string, string]>([
    [undefined, '', 'undefined is not a JSON value'],
    [{ a: [Number.NaN] }, '/a/0', 'NaN is not a JSON number'],
    [{ a: new Date(0) }, '/a', 'an instance of Date'],
    [['x', { 'k\u0000': 1 }], '/1/k\u0000', 'the character \\u0000'],
    ['\ud800', '', 'half of a UTF-16 pair'],
    [{ a: () => 1 }, '/a', 'function is not a JSON value'],
    [1n, '', 'bigint is not a JSON value'],
  ])('%s cannot be stored', (value, path, text) => {
    const problem = checkPayload(value, rules)
    expect(problem).toMatchObject({ code: 'invalid_input', path })
    expect(problem?.message).toContain('the output of step charge cannot be stored')
    expect(problem?.message).toContain(text)
  })

  it('counts bytes of UTF-8, and names size and limit', () => {
    expect(checkPayload('é'.repeat(9), rules)).toBeNull()
    expect(checkPayload('é'.repeat(10), rules)).toEqual({
      code: 'limit_exceeded',
      path: '',
      message: 'the output of step charge has 22 bytes as JSON, more than the 20 allowed',
    })
    expect(jsonBytes({ a: '😀' })).toBe(12)
  })

  it('allows 64 levels', () => {
    expect(checkPayload(nested(64), { ...rules, maxBytes: 1_000 })).toBeNull()
    expect(checkPayload(nested(65), { ...rules, maxBytes: 1_000 })?.code).toBe('limit_exceeded')
    expect(checkPayload(nested(200_000), { ...rules, maxBytes: 1_000_000 })?.code).toBe('limit_exceeded')
  })

  it('takes pairs of surrogates and objects without prototype', () => {
    expect(checkPayload(Object.assign(Object.create(null), { a: '😀' }), rules)).toBeNull()
  })
})

describe('mayTakeLong', () => {
  it.each<[Json, boolean]>([
    [{ pattern: '^(a+)+$' }, true],
    [{ properties: { a: { patternProperties: { '^(a+)+$': true } } } }, true],
    [{ items: { uniqueItems: true } }, true],
    [{ allOf: [{ $ref: '#/$defs/a' }] }, true],
    [{ type: 'object', required: ['pattern'], properties: { a: { type: 'number' } } }, false],
  ])('%j: %s', (schema, expected) => expect(mayTakeLong(schema)).toBe(expected))
})
