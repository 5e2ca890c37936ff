import { afterEach, expect, test, vi } from 'vitest'
import { decideApproval } from '../../src/engine/decide-approval.ts'
import { describeOnEachBackend } from '../support/contract.ts'
import { eventually } from '../support/eventually.ts'
import { statusesOf } from '../support/run-record.ts'

/** Processes whose clocks are wrong: what is compared with Postgres's time is Postgres's. */

const AN_HOUR_MS = 3_600_000

afterEach(() => void vi.useRealTimers())

describeOnEachBackend({}, (engine) => {
  test('a decision counts at once where the clock of the process that takes it is an hour ahead', async () => {
    const { database, read, ended, start } = engine()
    const id = await start({ name: 'ahead', steps: [{ id: 'ask', type: 'approval' }] })
    await eventually(async () => expect(statusesOf(await read(id))).toEqual({ ask: 'waiting' }))
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + AN_HOUR_MS })
    const decision = { approved: true, by: '', comment: null, data: null, inputHash: null }
    await decideApproval(engine().engine, { runId: id, stepId: 'ask', ...decision })
    vi.useRealTimers()
    expect(statusesOf(await ended(id))).toEqual({ ask: 'completed' })
    const decided = await database.query('SELECT 1 FROM approvals WHERE run_id = $1 AND decided_at <= now()', [id])
    expect(decided).toHaveLength(1)
  })
})
