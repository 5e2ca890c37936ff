import { expect, it } from 'vitest'
import { AttemptAbort, AttemptAborted } from './attempt-abort.ts'
import { failure, perform, type Attempt, type Outcome } from './perform.ts'

/** An attempt of an approval whose beginning to wait ends like that. */
function waiting(park: () => Promise<Outcome>): Attempt {
  const step = { id: 'gate', type: 'approval', config: {} }
  return {
    activation: { step: { step, action: null } },
    abort: new AttemptAbort(),
    park,
  } as unknown as Attempt
}

it('a step that begins to wait while Postgres breaks off has not failed: it is read again', async () => {
  const broken = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
  expect(await perform(waiting(() => Promise.reject(broken)))).toEqual({ kind: 'unknown' })
})

it('a step that cannot begin to wait for a reason of its own has failed', async () => {
  const outcome = await perform(waiting(() => Promise.reject(new Error('config.event is no name'))))
  expect(outcome).toMatchObject({ kind: 'failed', error: { message: 'config.event is no name' } })
})

it('an attempt that is over before it has begun is not executed', async () => {
  const abort = new AttemptAbort()
  abort.abort(new AttemptAborted('cancelled', 'the run was cancelled'))
  const begun = () => Promise.reject(new Error('it was executed'))
  expect(await perform({ ...waiting(begun), abort })).toEqual({ kind: 'cancelled', reason: 'the run was cancelled' })
})

it('an attempt that waits ends as soon as it is told to, for the first reason that it is told', async () => {
  const attempt = waiting(() => new Promise(() => undefined))
  const outcome = perform(attempt)
  attempt.abort.abort(new AttemptAborted('shutdown', 'the worker shuts down'))
  attempt.abort.abort(new AttemptAborted('cancelled', 'the run was cancelled'))
  expect(await outcome).toEqual({ kind: 'released' })
})

it('a signal that is asked for after the end has fired with the reason', () => {
  const abort = new AttemptAbort()
  const reason = new AttemptAborted('timeout', 'too long')
  abort.abort(reason)
  expect(abort.signal.aborted).toBe(true)
  expect(abort.signal.reason).toBe(reason)
})

it.each([
  [1_500, 1_500],
  [-1, 0],
  [Number.POSITIVE_INFINITY, 315_360_000_000],
  [Number.NaN, null],
  ['300', null],
])(
  'of an action that asks to be tried again after %s ms, that is done after %s (null: by the back-off)',
  (asked, done) => {
    const error = Object.assign(new Error('busy'), { name: 'RetryLaterError', afterMs: asked })
    expect(failure(error)).toMatchObject({ kind: 'failed', retry: true, afterMs: done })
  },
)

it('what Postgres could not read back of an error is replaced, also where its end is cut off within a character', () => {
  const half = '😀'.slice(0, 1)
  expect(failure(Object.assign(new Error(`it said ${half}\u0000`), { code: half }))).toMatchObject({
    error: { message: 'it said \ufffd\ufffd', code: '\ufffd' },
  })
  expect(failure(new Error('x'.repeat(16_383) + '😀'))).toMatchObject({
    error: { message: 'x'.repeat(16_383) + '\ufffd' },
  })
})
