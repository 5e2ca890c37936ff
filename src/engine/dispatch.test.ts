import { expect, test } from 'vitest'
import type { FlowSpec } from '../queue/flow.ts'
import { compileWorkflow } from '../workflow/compile.ts'
import type { Json } from '../workflow/definition.ts'
import { MAX_DEPTH } from '../workflow/plan.ts'
import { firstFlow, flowAnew } from './dispatch.ts'

const RUN = { id: 'r', epoch: 2, priority: null }

/** Steps in a row, on queues in turn, so that each needs a job of its own. */
const row = (size: number) =>
  Array.from({ length: size }, (_, n) => ({
    id: `s${n}`,
    queue: n % 2 === 0 ? 'even' : 'odd',
    config: { duration_seconds: 0 },
    depends_on: n === 0 ? [] : [`s${n - 1}`],
  }))

const compiled = (steps: object[], sequencing = 'step') =>
  compileWorkflow({ name: 'w', sequencing, steps } as unknown as Json)

test.each(['step', 'segment'])(
  'with sequencing %s, a flow whose jobs all hang from that of the only last step has no root job',
  (sequencing) => {
    const workflow = compiled(row(3), sequencing)
    const spec = firstFlow(workflow, RUN)
    expect(spec.hasRoot).toBe(false)
    expect(spec.steps.map(({ parent }) => parent)).toEqual([1, 2, -1])
    expect(flowAnew(workflow, RUN, (step) => step < 2).hasRoot).toBe(false)
  },
)

test('a flow has a root job with several last steps, where it is too deep, and where nothing is left', () => {
  const another = { id: 'another', queue: 'odd', config: { duration_seconds: 0 }, depends_on: ['s0'] }
  expect(firstFlow(compiled([...row(3), another]), RUN).hasRoot).toBe(true)
  expect(firstFlow(compiled(row(MAX_DEPTH)), RUN).hasRoot).toBe(false)
  expect(firstFlow(compiled(row(MAX_DEPTH + 1)), RUN).hasRoot).toBe(true)
  expect(flowAnew(compiled(row(3)), RUN, () => true).hasRoot).toBe(true)
})

test('a last step that has settled before another leaves the end to a root job', () => {
  expect(flowAnew(compiled(row(3)), RUN, (step) => step === 2).hasRoot).toBe(true)
})

test('the flow that a run begins with has no jobs of late steps, and one that is dispatched anew has their gates', () => {
  const joined = [
    { id: 'a', config: { duration_seconds: 0 } },
    ...['b', 'c'].map((id) => ({ id, config: { duration_seconds: 0 }, depends_on: ['a'] })),
    { id: 'd', config: { duration_seconds: 0 }, depends_on: ['b', 'c'] },
  ]
  const shown = ({ steps }: FlowSpec) => steps.map(({ id, gated }) => [id, gated])
  const workflow = compiled(joined)
  expect(shown(firstFlow(workflow, RUN))).toEqual([
    ['a', false],
    ['b', false],
    ['d', false],
  ])
  expect(shown(flowAnew(workflow, RUN, () => false))).toEqual([
    ['a', false],
    ['b', false],
    ['c', true],
    ['d', false],
  ])
})
