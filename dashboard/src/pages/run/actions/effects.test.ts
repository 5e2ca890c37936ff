import { describe, expect, it } from 'vitest'
import type { Run, WorkflowDetail } from '../../../api/shapes.ts'
import { cancelControl } from './effects.ts'

const compensate = { action: 'echo' }
const workflow = {
  definition: {
    steps: [
      { id: 'plain', config: { action: 'echo' } },
      { id: 'charge', compensate },
      { id: 'ship', type: 'map', config: { step: { compensate } } },
    ],
  },
} as unknown as WorkflowDetail

/** What is said before a run is cancelled. */
const effectOf = (run: Run, of?: WorkflowDetail) => cancelControl(run, of)?.question?.text as string

/** A run under way in which one step is as told. */
const runWith = (step_id: string, status: string) =>
  ({
    status: 'running',
    steps: [{ step_id, status, parent_step_id: null, child_run_id: null }],
  }) as unknown as Run

describe('the question before a run is cancelled', () => {
  it.each([
    ['plain', 'completed', true],
    ['charge', 'pending', true],
    ['charge', 'completed', false],
    ['charge', 'running', false],
    ['ship[3]', 'completed', false],
  ])('with %s %s: promises a retry: %s', (id, status, isPromised) => {
    expect(effectOf(runWith(id, status), workflow).includes('can be retried')).toBe(isPromised)
  })

  it('promises no retry before the definition is known', () => {
    expect(effectOf(runWith('plain', 'completed'))).toMatch(/What completed stays done, [^.]+\.$/)
  })
})
