import { expect, it } from 'vitest'
import { perform, type Attempt, type Outcome } from './perform.ts'

/** An attempt of an approval whose beginning to wait ends like that. */
function waiting(park: () => Promise<Outcome>): Attempt {
  const step = { id: 'gate', type: 'approval', config: {} }
  return {
    activation: { step: { step, action: null } },
    context: { signal: new AbortController().signal },
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
