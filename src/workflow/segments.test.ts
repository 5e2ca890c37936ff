import { expect, test } from 'vitest'
import { planWorkflow, type PlanStep } from './plan.ts'
import { LAST } from './segments.ts'

function planOf(dependencies: Record<string, string[]>, parts: Record<string, Partial<PlanStep>> = {}) {
  const steps = Object.entries(dependencies).map(([id, edges]): PlanStep => ({
    id,
    type: 'task',
    queue: 'default',
    priority: 5,
    depends_on: edges,
    join: 'all',
    on_error: 'fail',
    ...parts[id],
  }))
  return planWorkflow({ steps, sequencing: 'segment' })
}

const chain = { a: [], b: ['a'], c: ['b'], d: ['c'] }

test('a chain is one segment', () => {
  const { carrier, successor } = planOf(chain)
  expect({ carrier, successor }).toEqual({ carrier: [0, 0, 0, 0], successor: [1, 2, 3, LAST] })
})

test('without segments each step is its own', () => {
  const steps: PlanStep[] = ['a', 'b'].map((id, n) => ({
    id,
    depends_on: n === 0 ? [] : ['a'],
    join: 'all',
    on_error: 'fail',
  }))
  const { carrier, successor } = planWorkflow({ steps })
  expect({ carrier, successor }).toEqual({ carrier: [0, 1], successor: [LAST, LAST] })
})

test.each<[string, Partial<PlanStep>, number[]]>([
  ['another queue', { queue: 'gpu' }, [0, 0, 2, 3]],
  ['another priority', { priority: 9 }, [0, 0, 2, 3]],
  ['a step that waits', { type: 'approval' }, [0, 0, 2, 3]],
])('%s cuts a chain before and behind it', (_, part, carriers) => {
  expect(planOf(chain, { c: part }).carrier).toEqual(carriers)
})

test('a fork and a join cut; an edge that longer paths imply does not', () => {
  expect(planOf({ a: [], b: ['a'], c: ['a'], d: ['b', 'c'], e: ['d'] }).carrier).toEqual([0, 1, 2, 3, 3])
  expect(planOf({ a: [], b: ['a'], c: ['a', 'b'] }).carrier).toEqual([0, 0, 0])
})

test('a chain longer than a flow may be deep is still one job', () => {
  const long = Object.fromEntries(Array.from({ length: 1_200 }, (_, n) => [`s${n}`, n === 0 ? [] : [`s${n - 1}`]]))
  const plan = planOf(long)
  expect([new Set(plan.carrier).size, plan.openers.flat().length]).toEqual([1, 0])
})
