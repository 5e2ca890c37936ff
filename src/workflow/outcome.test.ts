import { describe, expect, test } from 'vitest'
import { progressOf, runOutcome, type StepEnd } from './outcome.ts'

function end(id: string, status: StepEnd['status'], more: Partial<StepEnd> = {}): StepEnd {
  return { id, status, tolerated: false, settledAt: 0, error: null, ...more }
}

function outcomeOf(...steps: StepEnd[]) {
  return runOutcome({ cancelling: false, stopError: null, steps })
}

describe('runOutcome', () => {
  test('a run whose steps completed or were skipped is completed', () => {
    expect(outcomeOf(end('a', 'completed'), end('b', 'skipped'))).toEqual({ status: 'completed', error: null })
  })

  test('a failure that is tolerated does not fail the run', () => {
    expect(outcomeOf(end('a', 'failed', { tolerated: true, error: 'no' })).status).toBe('completed')
  })

  test('the error of a failed run is that of the step that failed first', () => {
    const early = end('b', 'failed', { settledAt: 1, error: 'card declined' })
    const late = end('a', 'failed', { settledAt: 2, error: 'no stock' })
    const tolerated = end('c', 'failed', { settledAt: 0, tolerated: true, error: 'no mail' })
    expect(outcomeOf(late, early, tolerated)).toEqual({
      status: 'failed',
      error: { message: 'card declined', step_id: 'b' },
    })
  })

  test('of two steps that failed at once the first in the file counts', () => {
    expect(outcomeOf(end('a', 'failed'), end('b', 'failed')).error).toEqual({ message: 'step a failed', step_id: 'a' })
  })

  test('a run that was asked to cancel is cancelled, whatever its steps did', () => {
    expect(
      runOutcome({ cancelling: true, stopError: null, steps: [end('a', 'failed'), end('b', 'cancelled')] }),
    ).toEqual({
      status: 'cancelled',
      error: null,
    })
    expect(runOutcome({ cancelling: true, stopError: null, steps: [end('a', 'completed')] }).status).toBe('cancelled')
  })

  test('a run that was stopped for an error fails with that error, whatever its steps did', () => {
    const stopError = { code: 'timeout', message: 'it took too long' }
    expect(runOutcome({ cancelling: true, stopError, steps: [end('a', 'failed'), end('b', 'cancelled')] })).toEqual({
      status: 'failed',
      error: stopError,
    })
  })

  test('a cancelled step fails a run that was not cancelled', () => {
    expect(outcomeOf(end('a', 'cancelled', { tolerated: true }))).toEqual({
      status: 'failed',
      error: { message: 'step a was cancelled', step_id: 'a' },
    })
  })
})

test('progressOf counts steps by status', () => {
  expect(progressOf(['completed', 'completed', 'failed', 'skipped', 'running', 'pending', 'cancelled'])).toEqual({
    total: 7,
    completed: 2,
    failed: 1,
    skipped: 1,
  })
})
