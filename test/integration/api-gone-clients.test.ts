import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api.ts'
import { lockAwaited } from '../support/awaited-lock.ts'
import { eventually } from '../support/eventually.ts'

/** Clients that go away before what they asked for is done: they may have asked another process since. */

let api: TestApi
beforeAll(async () => {
  api = await startApi('redis')
  await api.startWorker()
})
afterAll(() => api.stop())

const STEPS = [{ id: 'ask', type: 'approval' }]

/** A run that asks. */
async function start(): Promise<string> {
  const { body } = await api.call<{ id: string }>('runs', { body: { definition: { name: 'asks', steps: STEPS } } })
  await eventually(async () => (await approvalsOf(body.id)).length === 1)
  return body.id
}

const approvalsOf = (run: string) => api.database.query('SELECT status FROM approvals WHERE run_id = $1', [run])

/** What a run is like, as far as anybody may have changed it. */
const stateOf = (run: string) =>
  api.database.query(
    `SELECT r.status, r.epoch, a.status AS approval, (SELECT count(*) FROM run_controls c WHERE c.run_id = r.id) AS controls,
       (SELECT count(*) FROM events e WHERE e.run_id = r.id) AS events
     FROM runs r JOIN approvals a ON a.run_id = r.id WHERE r.id = $1`,
    [run],
  )

/** Sends a request, and goes away once it waits for the row of its run or of the run's approval. */
async function askAndGo(run: string, path: string, body: unknown): Promise<void> {
  const text = JSON.stringify(body)
  const lines = [`POST /api/v1/${path} HTTP/1.1`, 'host: localhost', 'content-type: application/json']
  await api.engine.db.transaction(async (_tx, batch) => {
    await batch('hold_run', 'SELECT 1 FROM runs WHERE id = $1 FOR UPDATE', [run])
    await batch('hold_approval', 'SELECT 1 FROM approvals WHERE run_id = $1 FOR UPDATE', [run])
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
    socket.write(`${lines.join('\r\n')}\r\ncontent-length: ${text.length}\r\n\r\n${text}`)
    await lockAwaited(api.database)
    socket.destroy()
    await once(socket, 'close')
    // Answered behind the end of that connection, which the server has heard of then.
    await api.call('health')
  })
  await eventually(async () => (await api.database.query(BUSY)).length === 0, { what: 'the request to be over' })
}

const BUSY = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND state IN ('active', 'idle in transaction')`

const PAUSED = true

test.each([
  ['pause', {}, !PAUSED],
  ['resume', {}, PAUSED],
  ['cancel', {}, !PAUSED],
  ['retry', { from: 'ask' }, PAUSED],
  ['steps/ask/approve', {}, !PAUSED],
  ['steps/ask/reject', {}, !PAUSED],
  ['events', { name: 'paid' }, !PAUSED],
])('%s is not done any more when its client has gone', async (verb, body, isPaused) => {
  const run = await start()
  if (isPaused) await api.call(`runs/${run}/pause`, { method: 'POST' })
  const before = await stateOf(run)
  await askAndGo(run, `runs/${run}/${verb}`, body)
  expect(await stateOf(run)).toEqual(before)
  expect((await api.call(`runs/${run}/${verb}`, { body })).status).toBeLessThan(300)
})
