import { describe, expect, test } from 'vitest'
import type { Json } from './json-value.ts'
import { LIMITS } from './limits.ts'
import { validateDefinition } from './validate.ts'

const PAYMENT: Json = {
  type: 'object',
  properties: { amount: { type: 'number' }, card: { type: 'object', properties: { last4: { type: 'string' } } } },
}
const actions = new Map([
  [
    'charge_payment',
    {
      inputSchema: {},
      outputSchema: { type: 'object', properties: { payment_id: { type: 'string' } }, additionalProperties: false },
    },
  ],
])

function problemsOf(definition: object): [string, string, string][] {
  const { errors } = validateDefinition({ name: 'w', ...definition }, { actions })
  return errors.map(({ code, path, message }) => [code, path, message])
}

/** A step `charge` whose output is a payment, and a transform that reads it. */
function reading(output: Json, charge: object = { output_schema: PAYMENT }): object {
  return {
    steps: [
      { id: 'charge', ...charge },
      { id: 'read', type: 'transform', config: { output }, depends_on: ['charge'] },
    ],
  }
}

describe('bindings to declared outputs', () => {
  test('a path that an output cannot have is named with the nearest field', () => {
    expect(problemsOf(reading({ text: ['$charge.amuont'] }))).toEqual([
      [
        'invalid_binding',
        '/steps/1/config/output/text/0',
        '$charge.amuont: step "charge" has no field "amuont" in its output; did you mean "amount"?',
      ],
    ])
    expect(problemsOf(reading('$charge.card.number?'))[0]?.[2]).toBe(
      '$charge.card.number?: step "charge" has no field "number" in card of its output; its fields are: last4',
    )
    expect(problemsOf(reading('$charge.amount.value'))[0]?.[2]).toContain('which is of type number')
  })

  test.each(['$charge', '$charge.amount', '$charge["card"].last4?', '${{ steps.charge.output.card.last4 }}'])(
    '%s is right',
    (binding) => {
      expect(problemsOf(reading(binding))).toEqual([])
    },
  )

  test.each<[string, Json]>([
    ['steps.charge.output.amuont', '${{ steps.charge.output.amuont + 1.0 }}'],
    ['steps.charge.output.card.number', 'Card ${{ steps["charge"].output.card["number"] }}'],
  ])('%s in an expression is refused', (text, binding) => {
    expect(problemsOf(reading(binding))).toEqual([
      ['invalid_binding', '/steps/1/config/output', expect.stringContaining(`${text}: step "charge" has no field`)],
    ])
  })

  test('an expression may ask whether a field is there', () => {
    expect(problemsOf(reading('${{ has(steps.charge.output.fee) ? steps.charge.output.fee : 0.0 }}'))).toEqual([])
  })

  test('conditions, compensations and the output of the workflow are checked too', () => {
    const steps = [
      { id: 'charge', output_schema: PAYMENT, compensate: { action: 'charge_payment', input: '$charge.amout' } },
      { id: 'b', when: 'steps.charge.output.amuont > 1.0', depends_on: ['charge'] },
      { id: 'c', depends_on: [{ step: 'charge', when: 'steps.charge.output.crad == null' }] },
    ]
    expect(problemsOf({ steps, output: '$charge.fee' }).map(([code, path]) => `${code} ${path}`)).toEqual([
      'invalid_binding /steps/0/compensate/input',
      'invalid_binding /steps/1/when',
      'invalid_binding /steps/2/depends_on/0/when',
      'invalid_binding /output',
    ])
  })

  test('within maps, a compensation reads the output of its item', () => {
    const undoneWith = (input: Json) => {
      const step: Json = { output_schema: PAYMENT, compensate: { action: 'charge_payment', input } }
      const row: Json = { type: 'map', config: { items: '$item', step } }
      return problemsOf({ steps: [{ id: 'm', type: 'map', config: { items: [[1]], step: row } }] })
    }
    expect(undoneWith(['$item', '$index', '$m.amount'])).toEqual([])
    expect(undoneWith('$m.amuont')).toEqual([
      [
        'invalid_binding',
        '/steps/0/config/step/config/step/compensate/input',
        '$m.amuont: step "m" has no field "amuont" in its output; did you mean "amount"?',
      ],
    ])
  })

  test('an action tells what it returns', () => {
    const charge = { config: { action: 'charge_payment' } }
    expect(problemsOf(reading('$charge.payment_id', charge))).toEqual([])
    expect(problemsOf(reading('$charge.paymentid', charge))[0]?.[2]).toContain('did you mean "payment_id"?')
    expect(problemsOf(reading('$charge.paymentid', { type: 'charge_payment' }))).toHaveLength(1)
    expect(validateDefinition({ name: 'w', ...reading('$charge.paymentid', charge) }, null).valid).toBe(true)
  })

  test.each<[string, object, Json, number]>([
    ['a condition has a branch', { type: 'condition', config: { expression: 'true' } }, '$charge.branch', 0],
    ['a condition has nothing else', { type: 'condition', config: { expression: 'true' } }, '$charge.brunch', 1],
    ['a response has a body', { type: 'http', config: { url: 'https://example.com' } }, '$charge.body.a[0]', 0],
    ['a response has no data', { type: 'http', config: { url: 'https://example.com' } }, '$charge.data', 1],
    ['a map gives results in order', { type: 'map', config: { items: [1], step: {} } }, '$charge[0].x', 0],
    ['a map has no names', { type: 'map', config: { items: [1], step: {} } }, '$charge.results', 1],
    ['a transform gives anything', { type: 'transform', config: { output: 1 } }, '$charge.x', 0],
  ])('%s', (_, step, binding, count) => {
    expect(problemsOf(reading(binding, step))).toHaveLength(count)
  })

  test('the inner step of a map declares what each result is', () => {
    const map = { type: 'map', config: { items: [1], step: { output_schema: PAYMENT } } }
    expect(problemsOf(reading('$charge[0].amount', map))).toEqual([])
    expect(problemsOf(reading('$charge[0].amuont', map))[0]?.[2]).toBe(
      '$charge[0].amuont: step "charge" has no field "amuont" in 0 of its output; did you mean "amount"?',
    )
  })

  test('an input that its schema closes has no other fields', () => {
    const steps = [{ id: 'a', input: ['$input.custmer', '${{ input.custmer }}'] }]
    const input_schema = { type: 'object', properties: { customer: {} } }
    expect(problemsOf({ input_schema, steps })).toEqual([])
    const closed = problemsOf({ input_schema: { ...input_schema, additionalProperties: false }, steps })
    expect(closed).toEqual([
      [
        'invalid_binding',
        '/steps/0/input/0',
        '$input.custmer: the input has no field "custmer" in its schema; did you mean "customer"?',
      ],
      ['invalid_binding', '/steps/0/input/1', expect.stringContaining('did you mean "customer"?')],
    ])
  })
})

describe('output schemas', () => {
  test('what is no JSON Schema is refused with its place, in a map too', () => {
    const steps = [
      { id: 'a', output_schema: { type: 'objekt' } },
      { id: 'b', type: 'map', config: { items: [1], step: { output_schema: { minimum: 'x' } } } },
      { id: 'c', output_schema: 5 },
      { id: 'd', type: 'join', output_schema: true },
    ]
    expect([...new Set(problemsOf({ steps }).map(([code, path]) => `${code} ${path}`))]).toEqual([
      'invalid_definition /steps/2/output_schema',
      'invalid_definition /steps/0/output_schema/type',
      'invalid_definition /steps/1/config/step/output_schema/minimum',
      'invalid_definition /steps/3/output_schema',
    ])
  })

  test('a thousand different ones are enough', () => {
    const steps = Array.from({ length: LIMITS.outputSchemas + 1 }, (_, index) => ({
      id: `s${index}`,
      output_schema: { maximum: index },
    }))
    expect(problemsOf({ steps })).toEqual([['limit_exceeded', '/steps', expect.stringContaining('1,001 different')]])
    expect(problemsOf({ steps: steps.map((step) => ({ ...step, output_schema: PAYMENT })) })).toEqual([])
  })
})
