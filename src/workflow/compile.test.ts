import { describe, expect, test } from 'vitest'
import { at } from './at.ts'
import { compileWorkflow, type CompiledStep } from './compile.ts'
import type { Json } from './definition.ts'

function compileSteps(...steps: Json[]) {
  return compileWorkflow({ name: 'w', steps })
}

function lastOf(steps: readonly CompiledStep[]): CompiledStep {
  return at(steps, steps.length - 1)
}

describe('compileWorkflow', () => {
  test('gives every step its place, its action and its defaults', () => {
    const compiled = compileSteps(
      { id: 'a', config: { action: 'charge_payment', max_retries: 3 }, queue: 'money', priority: 9 },
      { id: 'b', type: 'ship_order', depends_on: ['a'] },
      { id: 'c', type: 'join', depends_on: ['b'] },
    )
    expect(
      compiled.steps.map(({ index, id, action, maxRetries, queue, priority }) => [
        index,
        id,
        action,
        maxRetries,
        queue,
        priority,
      ]),
    ).toEqual([
      [0, 'a', 'charge_payment', 3, 'money', 9],
      [1, 'b', 'ship_order', 0, 'default', 5],
      [2, 'c', null, 0, 'default', 5],
    ])
    expect([compiled.indexOf.get('c'), compiled.sinks, compiled.plan.order]).toEqual([2, [2], [0, 1, 2]])
    expect(at(compiled.steps, 0).step.on_error).toBe('fail')
  })

  test('keeps every edge as declared, with what the dependency says of failures', () => {
    const { steps } = compileSteps(
      { id: 'a', type: 'condition', config: { expression: 'true' }, on_error: 'continue' },
      { id: 'b' },
      { id: 'c', depends_on: [{ step: 'a', branch: 'true' }, 'b', { step: 'a', when: 'input.x' }] },
    )
    expect(lastOf(steps).dependencies).toEqual([
      { index: 0, id: 'a', when: undefined, branch: 'true', tolerated: true },
      { index: 1, id: 'b', when: undefined, branch: undefined, tolerated: false },
      { index: 0, id: 'a', when: 'input.x', branch: undefined, tolerated: true },
    ])
  })

  test('needs the steps that conditions, bindings and expressions read, each once, by place', () => {
    const { steps } = compileSteps(
      { id: 'a' },
      { id: 'b' },
      { id: 'c' },
      { id: 'd' },
      { id: 'e' },
      {
        id: 'f',
        type: 'transform',
        config: { output: { list: ['$d.x', 'cost: ${{ steps.b.output.cost }}', '$$a'] } },
        when: 'steps.c.status == "completed"',
        depends_on: ['a', { step: 'd', when: 'steps.d.output.ok' }, 'b', 'c', 'e'],
      },
    )
    expect([lastOf(steps).needs, lastOf(steps).needsOrder]).toEqual([[1, 2, 3], false])
  })

  test('does not need what only the compensation reads, nor what is no reference', () => {
    const { steps } = compileSteps(
      { id: 'a' },
      {
        id: 'b',
        input: { text: 'a', path: '$input.a' },
        compensate: { action: 'undo', input: '$a' },
        depends_on: ['a'],
      },
    )
    expect(lastOf(steps).needs).toEqual([])
  })

  test.each([
    ['a reference', { id: 'a', input: '$order.amount' }],
    ['an expression', { id: 'a', input: '${{ order.amount }}' }],
    ['a condition', { id: 'a', when: 'order.amount > 5.0' }],
  ])('knows from %s that a step needs the order', (_, step) => {
    expect(lastOf(compileSteps(step).steps).needsOrder).toBe(true)
  })

  test('knows the steps that the output of the workflow reads', () => {
    const compiled = compileWorkflow({ name: 'w', output: { b: '$b' }, steps: [{ id: 'a' }, { id: 'b' }] })
    expect([compiled.outputNeeds, compiled.sinks]).toEqual([[1], [0, 1]])
  })

  test.each<[string, Json, string]>([
    ['a malformed definition', { name: 'w' }, 'steps'],
    ['an unknown dependency', { name: 'w', steps: [{ id: 'a', depends_on: ['b'] }] }, 'a depends on b'],
    ['a reference to no step', { name: 'w', steps: [{ id: 'a', input: '$b.x' }] }, 'there is no step b'],
    ['a malformed reference', { name: 'w', steps: [{ id: 'a', input: '$.x' }] }, 'is no reference'],
    ['a malformed expression', { name: 'w', steps: [{ id: 'a', when: '1 +' }] }, '1 +: is not complete'],
  ])('throws on %s', (_, definition, message) => {
    expect(() => compileWorkflow(definition)).toThrow(message)
  })
})
