import fc from 'fast-check'
import { expect, it } from 'vitest'
import { canonicalJson } from './canonical.ts'
import type { Json } from './json-value.ts'

it('sorts keys at every depth and keeps the order of arrays', () => {
  expect(canonicalJson({ b: [2, { d: null, c: 'x' }], a: 1.5 })).toBe('{"a":1.5,"b":[2,{"c":"x","d":null}]}')
})

it('is JSON of the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain = JSON.parse(JSON.stringify(value)) as Json
      expect(JSON.parse(canonicalJson(plain))).toEqual(plain)
    }),
  )
})

it('is the same text whatever the order of the keys', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const plain = JSON.parse(JSON.stringify(value)) as { [key: string]: Json }
      const turned = Object.fromEntries(Object.entries(plain).toReversed())
      expect(canonicalJson(turned)).toBe(canonicalJson(plain))
    }),
  )
})
