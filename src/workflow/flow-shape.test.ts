import { expect, test } from 'vitest'
import { firstShape, flowShape, NO_JOB } from './flow-shape.ts'
import { planWorkflow, ROOT, type PlanStep } from './plan.ts'

function planOf(dependencies: readonly (readonly number[])[], steps: Partial<PlanStep>[] = []) {
  return planWorkflow({
    steps: dependencies.map((edges, index) => ({
      id: `s${index}`,
      depends_on: edges.map((edge) => `s${edge}`),
      join: 'all',
      on_error: 'fail',
      ...steps[index],
    })),
  })
}

test('a fresh run has the whole tree, and a gate wherever a dependency hangs elsewhere', () => {
  const diamond = planOf([[], [0], [0], [1, 2]])
  expect(flowShape(diamond, () => false)).toEqual({ parent: [1, 3, 3, ROOT], gated: [false, false, true, false] })
})

test('a recovered run leaves out what has settled, and the gates that nothing holds shut any more', () => {
  const diamond = planOf([[], [0], [0], [1, 2]])
  expect(flowShape(diamond, (step) => step === 0)).toEqual({
    parent: [NO_JOB, 3, 3, ROOT],
    gated: [false, false, false, false],
  })
})

test('a step whose parent has settled hangs from the root', () => {
  const chain = planOf([[], [0], [1]])
  expect(flowShape(chain, (step) => step === 1)).toEqual({
    parent: [ROOT, NO_JOB, ROOT],
    gated: [false, false, false],
  })
})

test('a step waits for one that a retry runs again, though a completed step stands between them', () => {
  const redundant = [[], [], [0, 1], [0, 2]]
  const plan = planOf(redundant, [{}, {}, { join: 'any' }, {}])
  expect(plan.reduced).toEqual(redundant)
  const { parent, gated } = flowShape(plan, (step) => step === 1 || step === 2)
  expect({ parent, isGated: gated[3], openers: plan.openers[3] }).toEqual({
    parent: [ROOT, NO_JOB, NO_JOB, ROOT],
    isGated: true,
    openers: [0],
  })
})

test('late are gated jobs with none below them, whose parent waits for all that they wait for', () => {
  const fanOut = planOf([[], [0], [0], [0], [1, 2, 3]])
  expect(firstShape(fanOut)).toMatchObject({ late: [false, false, true, true, false], hasLateJoin: false })
  const chain = planOf([[], [0], [1]])
  expect(firstShape(chain)).toMatchObject({ late: [false, false, false], hasLateJoin: false })
  // 2 and 3 wait for both of 0 and 1; 0 and 1 hang below 2.
  const pair = planOf([[], [], [0, 1], [0, 1]])
  expect(firstShape(pair)).toMatchObject({
    parent: [2, 2, ROOT, ROOT],
    late: [false, false, false, true],
    hasLateJoin: true,
  })
})

test('a gated job is not late where its parent would not wait for what it waits for', () => {
  // 3 waits for 0, which hangs below 2; its parent 4 waits for 1 and 3 only.
  const plan = planOf([[], [], [0], [0], [1, 3]])
  const { parent, late } = firstShape(plan)
  expect(parent[0]).toBe(2)
  expect(parent[3]).toBe(4)
  expect(late).toEqual([false, false, false, false, false])
})
