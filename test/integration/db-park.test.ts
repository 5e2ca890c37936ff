import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { markStarted } from '../../src/db/commit.ts'
import { parkStep } from '../../src/db/park.ts'
import { startTestEngine } from '../support/test-engine.ts'

test('a step that waits for a child run is not made to wait for another by whoever comes late', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    const id = await system.start({
      name: 'parent',
      steps: [{ id: 'child', type: 'workflow', config: { workflow: 'none' } }],
    })
    const [first, second, other] = [randomUUID(), randomUUID(), randomUUID()]
    const startedAt = new Date().toISOString()
    const key = (workerId: string, attempt: number) => ({
      runId: id,
      stepIndex: 0,
      attempt,
      workerId,
      startedAt,
      startsRun: false,
    })
    const park = (workerId: string, child: string) =>
      parkStep(system.engine.db, {
        ...key(workerId, 1),
        waitingFor: { kind: 'run', run_id: child },
        wakeAt: null,
      })
    expect(await park(first, first)).toBe(true)
    // Of the same attempt, begun before the queue was emptied, and of one that holds the first for lost.
    expect(await park(second, other)).toBe(false)
    expect([...(await markStarted(system.engine.db, [key(second, 2)]))]).toEqual([])
    // The first one again, woken for nothing.
    expect(await park(first, first)).toBe(true)
    const [step] = await system.database.query(
      `SELECT status, attempt, waiting_for ->> 'run_id' AS child FROM steps WHERE run_id = $1`,
      [id],
    )
    expect(step).toEqual({ status: 'waiting', attempt: 1, child: first })
  } finally {
    await system.stop()
  }
})
