import { describe, expect, test } from 'vitest'
import { findStep } from './child-step.ts'
import { compileWorkflow } from './compile.ts'

const workflow = compileWorkflow({
  name: 'w',
  steps: [
    { id: 'prices' },
    {
      id: 'charge',
      config: { action: 'charge_payment', max_retries: 5 },
      retry: { delay_seconds: 7 },
      queue: 'money',
      priority: 8,
      depends_on: ['prices'],
      compensate: { action: 'refund_payment', input: { payment: '$charge.id', price: '$prices.total' } },
    },
    {
      id: 'ship',
      type: 'map',
      depends_on: ['charge'],
      config: {
        items: '$input.parcels',
        step: {
          type: 'ship_order',
          input: { parcel: '$item', payment: '$charge.id' },
          compensate: { action: 'recall', input: '$order.id' },
        },
      },
    },
    {
      id: 'grid',
      type: 'map',
      config: { items: [[1], [2]], step: { type: 'map', config: { items: '$item', step: { type: 'task' } } } },
    },
  ],
})

describe('findStep', () => {
  test('a step of the definition is found as it is', () => {
    expect(findStep(workflow, 'charge')).toEqual({
      kind: 'step',
      step: workflow.steps[1],
      parentId: null,
      rootIndex: 1,
    })
  })

  test('an item of a map is its inner step, which reads what it names itself', () => {
    const found = findStep(workflow, 'ship[12]')
    expect(found).toMatchObject({ kind: 'item', parentId: 'ship', rootIndex: 2 })
    expect(found?.step).toMatchObject({
      id: 'ship[12]',
      index: -1,
      action: 'ship_order',
      dependencies: [],
      needs: [1],
      needsOrder: false,
      queue: 'default',
      maxRetries: 0,
    })
    expect(found?.step.step).toMatchObject({ type: 'ship_order', on_error: 'fail', join: 'all' })
    expect(workflow.steps[2]?.needs).toEqual([])
  })

  test('an item of a map within a map belongs to an item', () => {
    expect(findStep(workflow, 'grid[3][0]')).toMatchObject({
      kind: 'item',
      parentId: 'grid[3]',
      rootIndex: 3,
      step: { id: 'grid[3][0]', step: { type: 'task' } },
    })
    expect(findStep(workflow, 'grid[3]')?.step.step.type).toBe('map')
  })

  test('a compensation is a task that reads also the output of the step that it undoes', () => {
    const found = findStep(workflow, 'charge.compensate')
    expect(found).toMatchObject({ kind: 'compensation', parentId: 'charge', rootIndex: 1 })
    expect(found?.step).toMatchObject({
      id: 'charge.compensate',
      index: -1,
      action: 'refund_payment',
      needs: [0, 1],
      dependencies: [],
      maxRetries: 5,
      queue: 'money',
      priority: 8,
      itemStep: null,
      compensation: null,
    })
    expect(found?.step.step.retry.delay_seconds).toBe(7)
  })

  test('an item has its own compensation, tried again three times at least', () => {
    const found = findStep(workflow, 'ship[0].compensate')
    expect(found).toMatchObject({ kind: 'compensation', parentId: 'ship[0]', rootIndex: 2 })
    expect(found?.step).toMatchObject({ action: 'recall', maxRetries: 3, needs: [], needsOrder: true })
  })

  test.each([
    '',
    'unknown',
    'unknown[0]',
    'charge[0]',
    'ship[]',
    'ship[-1]',
    'ship[01]',
    'ship[0',
    'ship[0][1]',
    'ship.compensate',
    'grid[0][0][0]',
    'charge.compensate.compensate',
    'charge.undo',
    'toString',
  ])('%j is nothing', (id) => {
    expect(findStep(workflow, id)).toBeNull()
  })
})
