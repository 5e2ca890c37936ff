import { describe, expect, test } from 'vitest'
import { at } from './at.ts'
import { MAX_DEPTH, planSummary, planWorkflow, ROOT, type Plan, type PlanStep } from './plan.ts'

type Shape = Record<string, (string | { step: string; branch?: string; when?: string })[]>

function stepsOf(shape: Shape): PlanStep[] {
  return Object.entries(shape).map(([id, depends_on]) => ({ id, depends_on, join: 'all', on_error: 'fail' }))
}

function planOf(shape: Shape): Plan {
  return planWorkflow({ steps: stepsOf(shape) })
}

/** `size` steps, each with the dependencies that `edgesOf` gives it. */
function planBig(size: number, edgesOf: (step: number) => number[]): Plan {
  return planWorkflow({
    steps: Array.from({ length: size }, (_, step) => ({
      id: `s${step}`,
      depends_on: edgesOf(step).map((edge) => `s${edge}`),
      join: 'all',
      on_error: 'fail',
    })),
  })
}

function range(size: number): number[] {
  return Array.from({ length: size }, (_, index) => index)
}

function gatesOf(plan: Plan): number {
  return plan.openers.filter((openers) => openers.length > 0).length
}

function depthOf(plan: Plan): number {
  const depth: number[] = []
  for (const step of plan.order.toReversed()) {
    const parent = at(plan.treeParent, step)
    depth[step] = parent === ROOT ? 1 : at(depth, parent) + 1
  }
  return depth.reduce((deepest, each) => Math.max(deepest, each), 0)
}

describe('order and levels', () => {
  test('put dependencies first, and within a level follow the file', () => {
    const plan = planOf({ d: ['b', 'c'], b: ['a'], c: ['a'], a: [], e: [] })
    expect(plan.levels).toEqual([[3, 4], [1, 2], [0]])
    expect(plan.order).toEqual([3, 4, 1, 2, 0])
  })

  test('the critical path is a longest one', () => {
    const plan = planOf({ a: [], b: ['a'], c: ['b', 'a'], short: ['a'], d: ['c', 'short'] })
    expect(plan.criticalPath).toEqual([0, 1, 2, 4])
  })

  test('of several longest paths the critical one follows the file', () => {
    expect(planOf({ x: [], a: [], b: ['a', 'x'], c: ['x'] }).criticalPath).toEqual([0, 2])
  })

  test('an edge that is declared twice counts once', () => {
    const plan = planOf({ a: [], b: [{ step: 'a', branch: 'true' }, { step: 'a', when: 'input.x' }, 'a'] })
    expect([plan.dependencies, plan.reduced]).toEqual([
      [[], [0]],
      [[], [0]],
    ])
  })

  test('a cycle and an unknown dependency are errors', () => {
    expect(() => planOf({ a: ['b'], b: ['a'] })).toThrow('cycle')
    expect(() => planOf({ a: ['b'] })).toThrow('step a depends on b, which is not a step')
  })
})

describe('the tree', () => {
  test('a chain and a fan-in need no gate', () => {
    expect(planOf({ a: [], b: ['a'], c: ['b'] }).treeParent).toEqual([1, 2, ROOT])
    const fanIn = planOf({ a: [], b: [], c: ['a', 'b'] })
    expect([fanIn.treeParent, gatesOf(fanIn)]).toEqual([[2, 2, ROOT], 0])
  })

  test('a diamond needs one gate, which its first step opens', () => {
    const diamond = planOf({ a: [], b: ['a'], c: ['a'], d: ['b', 'c'] })
    expect([diamond.treeParent, diamond.openers, diamond.opens]).toEqual([
      [1, 3, 3, ROOT],
      [[], [], [0], []],
      [[2], [], [], []],
    ])
  })

  test('a step gets all of its dependencies as children before others get some', () => {
    const plan = planOf({ a: [], b: [], c: [], x: ['a', 'b', 'c'], y: ['a'], z: ['b'], w: ['c'] })
    expect(plan.treeParent.slice(0, 3)).toEqual([4, 5, 6])
    expect(gatesOf(plan)).toBe(1)
  })

  test('an edge that only a path over a tolerant step implies is kept', () => {
    const steps = stepsOf({ a: [], b: ['a'], c: ['b', 'a'] })
    expect(planWorkflow({ steps }).reduced).toEqual([[], [0], [1]])
    const tolerant = steps.map((step) => (step.id === 'a' ? { ...step, on_error: 'continue' as const } : step))
    expect(planWorkflow({ steps: tolerant }).reduced).toEqual([[], [0], [1, 0]])
    const anyOf = steps.map((step) => (step.id === 'b' ? { ...step, join: 'any' as const } : step))
    expect(planWorkflow({ steps: anyOf }).reduced).toEqual([[], [0], [1, 0]])
  })

  test('a step that would be too deep hangs from the root, and its dependent waits at a gate', () => {
    const plan = planWorkflow({ steps: stepsOf({ a: [], b: ['a'], c: ['b'], d: ['c'], e: ['d'] }) }, 2)
    expect([plan.treeParent, plan.openers]).toEqual([
      [ROOT, 2, ROOT, 4, ROOT],
      [[], [0], [], [2], []],
    ])
  })
})

describe('ten thousand steps', () => {
  const size = 10_000
  const shapes: [string, () => Plan, { gates: number; depth: number }][] = [
    ['a chain', () => planBig(size, (step) => (step === 0 ? [] : [step - 1])), { gates: 19, depth: MAX_DEPTH }],
    ['a fan-out', () => planBig(size, (step) => (step === 0 ? [] : [0])), { gates: 9_998, depth: 2 }],
    ['a fan-in', () => planBig(size, (step) => (step < size - 1 ? [] : range(size - 1))), { gates: 0, depth: 2 }],
    [
      'layers with 99,000 edges',
      () =>
        planBig(size, (step) =>
          step < 100
            ? []
            : range(10).map((edge) => (Math.floor(step / 100) - 1) * 100 + ((step * 7 + edge * 13) % 100)),
        ),
      { gates: 9_108, depth: 100 },
    ],
  ]

  test.each(shapes)('%s is planned in under 2 s of processor time', { timeout: 20_000 }, (_, plan, expected) => {
    const before = process.cpuUsage()
    const planned = plan()
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1_000).toBeLessThan(2_000)
    expect({ gates: gatesOf(planned), depth: depthOf(planned) }).toEqual(expected)
  })

  test('a complete bipartite graph keeps all of its edges, and needs a gate for all but one step', () => {
    const plan = planBig(200, (step) => (step < 100 ? [] : range(100)))
    expect([plan.reduced.flat().length, gatesOf(plan)]).toEqual([10_000, 99])
  })

  test('a complete order is reduced to a chain', () => {
    const plan = planBig(400, range)
    expect([plan.reduced.flat().length, gatesOf(plan)]).toEqual([399, 0])
  })
})

test('planSummary shows a plan by step ids', () => {
  const shape: Shape = { a: [], b: ['a'], c: ['a'], d: ['b', 'c', 'a'] }
  expect(planSummary(planOf(shape), Object.keys(shape))).toEqual({
    topological_order: ['a', 'b', 'c', 'd'],
    levels: [['a'], ['b', 'c'], ['d']],
    critical_path: ['a', 'b', 'd'],
    reduced_edges: [
      { from: 'a', to: 'b' },
      { from: 'a', to: 'c' },
      { from: 'b', to: 'd' },
      { from: 'c', to: 'd' },
    ],
    gates: [{ step: 'c', openers: ['a'] }],
  })
})
