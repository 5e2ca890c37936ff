import { expect, test } from 'vitest'
import { compileWorkflow } from '../workflow/compile.ts'
import type { Json } from '../workflow/definition.ts'
import { MAX_DEPTH } from '../workflow/plan.ts'
import { flowSpec } from './dispatch.ts'

const RUN = { id: 'r', epoch: 1, priority: null }
const NONE = () => false

/** Steps in a row, on queues in turn, so that each needs a job of its own. */
const row = (size: number) =>
  Array.from({ length: size }, (_, n) => ({
    id: `s${n}`,
    queue: n % 2 === 0 ? 'even' : 'odd',
    config: { duration_seconds: 0 },
    depends_on: n === 0 ? [] : [`s${n - 1}`],
  }))

const compiled = (steps: object[], sequencing = 'segment') =>
  compileWorkflow({ name: 'w', sequencing, steps } as unknown as Json)

test('with segments, a flow whose jobs all hang from that of the only last step has no root job', () => {
  const spec = flowSpec(compiled(row(3)), RUN, NONE)
  expect(spec.hasRoot).toBe(false)
  expect(spec.steps.map(({ parent }) => parent)).toEqual([1, 2, -1])
  expect(flowSpec(compiled(row(3)), RUN, (step) => step < 2).hasRoot).toBe(false)
})

test('a flow has a root job with a job for each step, with several last steps, where it is too deep, and where nothing is left', () => {
  expect(flowSpec(compiled(row(3), 'step'), RUN, NONE).hasRoot).toBe(true)
  const another = { id: 'another', queue: 'odd', config: { duration_seconds: 0 }, depends_on: ['s0'] }
  expect(flowSpec(compiled([...row(3), another]), RUN, NONE).hasRoot).toBe(true)
  expect(flowSpec(compiled(row(MAX_DEPTH)), RUN, NONE).hasRoot).toBe(false)
  expect(flowSpec(compiled(row(MAX_DEPTH + 1)), RUN, NONE).hasRoot).toBe(true)
  expect(flowSpec(compiled(row(3)), RUN, () => true).hasRoot).toBe(true)
})

test('a last step that has settled before another leaves the end to a root job', () => {
  expect(flowSpec(compiled(row(3)), RUN, (step) => step === 2).hasRoot).toBe(true)
})
