import { describe, expect, it } from 'vitest'
import type { Run, Step } from '../api/shapes.ts'
import { afterChanges } from './run-changes.ts'

const step = (step_id: string, status: Step['status']) => ({ step_id, status }) as Step
const run = (...steps: Step[]) => ({ id: 'r', status: 'running', steps }) as Run

describe('a run after what a stream told of it', () => {
  it('has the newest steps, and the others as they were', () => {
    const before = run(step('a', 'running'), step('b', 'pending'))
    const after = afterChanges(before, [{ step: step('a', 'retrying') }, { step: step('a', 'completed') }])
    expect(after?.steps.map(({ status }) => status)).toEqual(['completed', 'pending'])
    expect(after?.steps[1]).toBe(before.steps[1])
  })

  it('is the run that was told last, with the steps that came after', () => {
    const told = run(step('a', 'completed'), step('b', 'pending'))
    const after = afterChanges(undefined, [
      { step: step('b', 'failed') },
      { run: told },
      { step: step('b', 'running') },
    ])
    expect(after?.steps.map(({ status }) => status)).toEqual(['completed', 'running'])
  })

  it('has come as far as its steps say, without the items of maps', () => {
    const top = { parent_step_id: null }
    const before = run({ ...step('a', 'running'), ...top }, { ...step('m', 'waiting'), ...top })
    const item = { ...step('m[0]', 'completed'), parent_step_id: 'm' }
    const after = afterChanges(before, [{ step: item }, { step: { ...step('a', 'completed'), ...top } }])
    expect(after?.progress).toEqual({ total: 2, completed: 1, failed: 0, skipped: 0 })
  })

  it('grows by steps that it did not have, like items of a map', () => {
    const after = afterChanges(run(step('a', 'running')), [{ step: step('a[0]', 'running') }])
    expect(after?.steps.map(({ step_id }) => step_id)).toEqual(['a', 'a[0]'])
  })

  it('stays unknown while only steps are told', () => {
    expect(afterChanges(undefined, [{ step: step('a', 'running') }])).toBeUndefined()
  })
})
