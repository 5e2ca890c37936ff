import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bindingReferences, compileBinding, escapeBinding, isLiteral, resolveBinding } from './bindings.ts'
import type { Json } from './json-value.ts'
import { BindingError } from './references.ts'
import type { Scope } from './scope.ts'
import { splitTemplate } from './templates.ts'

const SCOPE: Scope = {
  input: { a: { b: 1, none: null, 'x y': [{ name: 'q' }] }, list: [1, null], größe: 5 },
  context: { tenant: 'acme' },
  order: null,
  steps: (id) => {
    if (id === 'validate') return { output: { amount: 1, currency: 'EUR' }, status: 'completed', error: null }
    if (id === 'pairs-1') return { output: [[1, 2]], status: 'completed', error: null }
    if (id === 'nothing') return { output: null, status: 'completed', error: null }
    return id === 'skipped' ? { output: null, status: 'skipped', error: null } : undefined
  },
}

describe('references', () => {
  it.each<[string, Json]>([
    ['$input.a.b', 1],
    ['$input.a.none', null],
    ['$input.a["x y"].0.name', 'q'],
    ['$input.a["x y"][0].name', 'q'],
    ['$input.list[1]', null],
    ['$input.größe', 5],
    ['$input.missing?', null],
    ['$input.a.none.x?', null],
    ['$context.tenant', 'acme'],
    ['$validate', { amount: 1, currency: 'EUR' }],
    ['$pairs-1[0].1', 2],
    ['$nothing', null],
    ['$skipped?', null],
    ['$skipped.x?', null],
    ['$order', null],
    ['$order.amount?', null],
    ['$$text', '$text'],
    ['$$$', '$$'],
    ['costs $5', 'costs $5'],
  ])('%s is %j', (text, value) => {
    expect(resolveBinding(text, SCOPE)).toEqual(value)
  })

  it.each([
    ['$validate.total', '$validate.total: no "total" in the output of step validate, which has: amount, currency'],
    ['$validate.amout', 'did you mean "amount"?'],
    ['$input.a.b.c', 'no "c" in a.b of $input, which is 1'],
    ['$input.a.none.c', 'no "c" in a.none of $input, which is null'],
    ['$input.list[7]', 'no "7" in list of $input, which is an array of 2'],
    ['$input.toString', 'no "toString" in $input'],
    ['$skipped', 'step skipped has no output: it is skipped; write $skipped? where that may be'],
    ['$skipped.x', 'step skipped has no output'],
    ['$order.amount', 'no order is attached to the run'],
    ['$other.x', 'step other is not upstream'],
    ['$other.x?', 'step other is not upstream'],
    ['$item', '$item exists only inside map'],
  ])('%s fails: %s', (text, message) => {
    expect(() => resolveBinding(text, SCOPE)).toThrow(BindingError)
    expect(() => resolveBinding(text, SCOPE)).toThrow(message)
  })

  it.each([
    '$',
    '$5.00',
    '$input.',
    '$input..a',
    '$input[',
    '$input[x]',
    '$input["a]',
    '$input.a b',
    '$input.a?.b',
    '$.x',
  ])('%s is no reference, and says how to write a literal $', (text) => {
    const { faults } = compileBinding([text])
    expect(faults).toMatchObject([{ code: 'invalid_binding', pointer: '/0' }])
    expect(faults[0]?.message).toContain('write $$ for a literal $')
  })

  it('item and index have values inside map', () => {
    const scope = { ...SCOPE, item: { sku: 'x' }, index: 3 }
    expect(resolveBinding({ sku: '$item.sku', place: '$index' }, scope)).toEqual({ sku: 'x', place: 3 })
  })
})

describe('expressions in texts', () => {
  it.each<[string, Json]>([
    ['${{ input.a.b + 1 }}', 2],
    ['${{input.a.b}}', 1],
    ['${{ input.list }}', [1, null]],
    ['${{ {"a": {"b": "}}"}} }}', { a: { b: '}}' } }],
    ["${{ '''it's''' }}", "it's"],
    ['${{ r"\\" }}', '\\'],
    ['Hello ${{ context.tenant }}, ${{ input.a.b }} of ${{ input.list }}', 'Hello acme, 1 of [1,null]'],
    ['${{ 1 }}${{ 2 }}', '12'],
    [' ${{ 1 }}', ' 1'],
    ['Total: $${{ input.a.b }}', 'Total: $1'],
    ['$${{ input.a.b }}', '${{ input.a.b }}'],
  ])('%s is %j', (text, value) => {
    expect(resolveBinding(text, SCOPE)).toEqual(value)
  })

  it('an expression that fails is a BindingError with the reason', () => {
    expect(() => resolveBinding({ a: '${{ input.zz }}' }, SCOPE)).toThrow(BindingError)
    expect(() => resolveBinding({ a: '${{ input.zz }}' }, SCOPE)).toThrow('there is no "zz" in input')
  })

  it('every malformed expression of a text is told', () => {
    const { faults } = compileBinding({ a: ['${{ 1 + }} and ${{ foo }}', '${{ 1'] })
    expect(faults.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/a/0', 'invalid_expression'],
      ['/a/0', 'invalid_expression'],
      ['/a/1', 'invalid_binding'],
    ])
  })

  it('splitting gives back the text', () => {
    expect(splitTemplate('a ${{ b }} c')).toEqual([
      { kind: 'text', text: 'a ' },
      { kind: 'expression', text: 'b' },
      { kind: 'text', text: ' c' },
    ])
  })
})

describe('bindings at any depth', () => {
  it('resolves in objects and arrays, keys staying as they are', () => {
    const value = { $key: ['$input.a.b', { x: '${{ 1 + 1 }}', y: null }], plain: { z: true } }
    expect(resolveBinding(value, SCOPE)).toEqual({ $key: [1, { x: 2, y: null }], plain: { z: true } })
  })

  it('a key named __proto__ is a key like any other', () => {
    const value = JSON.parse('{"__proto__": "$input.a.b"}') as Json
    expect(JSON.stringify(resolveBinding(value, SCOPE))).toBe('{"__proto__":1}')
  })

  it('lists what it refers to, with places', () => {
    const value = { 'a/b': '$validate.amount', c: ['x', '${{ steps.pairs.output }}'], d: '$input' }
    const found = bindingReferences(value).map((one) => [
      one.pointer,
      one.kind === 'reference' ? (one.reference.stepId ?? one.reference.kind) : one.expression.referencedSteps,
    ])
    expect(found).toEqual([
      ['/a~1b', 'validate'],
      ['/c/1', ['pairs']],
      ['/d', 'input'],
    ])
  })

  it('is literal without references', () => {
    expect(isLiteral({ a: ['$$x', 1] })).toBe(true)
    expect(isLiteral({ a: ['$x'] })).toBe(false)
    expect(isLiteral('$5')).toBe(false)
  })
})

const texts = fc.oneof(
  fc.string(),
  fc.constantFrom('$', '$$', '${{', '}}', '${{ x }}', '$input', '$${{ 1 }}', 'a ${{ b', '"${{"'),
  fc.array(fc.constantFrom('$', '{', '}', '"', "'", ' ', 'a', '\\', '${{', '}}')).map((parts) => parts.join('')),
)
const values = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    texts,
    fc.constantFrom<Json>(null, true, 0, 1.5),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(texts, tie('value'), { maxKeys: 4 }),
  ),
})).value

it('escaping any value gives a binding that resolves to it and refers to no data', () => {
  const nothing: Scope = { input: null, context: null, order: null, steps: () => undefined }
  fc.assert(
    fc.property(values, (value) => {
      const binding = escapeBinding(value)
      expect(resolveBinding(binding, nothing)).toEqual(value)
      expect(compileBinding(binding).faults).toEqual([])
    }),
    { numRuns: 1_000 },
  )
})
