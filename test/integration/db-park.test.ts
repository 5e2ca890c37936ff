import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { markStarted } from '../../src/db/commit.ts'
import { findDueSteps, parkStep } from '../../src/db/park.ts'
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
    const park = (workerId: string, child: string, instead: string | null = null) =>
      parkStep(system.engine.db, {
        ...key(workerId, 1),
        waitingFor: { kind: 'run', run_id: child },
        wakeAt: null,
        insteadOf: instead === null ? null : { kind: 'run', run_id: instead },
      })
    expect(await park(first, first)).toBe(true)
    // Of the same attempt, begun before the queue was emptied, and of one that holds the first for lost.
    expect(await park(second, other)).toBe(false)
    expect(await park(second, other, first)).toBe(false)
    expect([...(await markStarted(system.engine.db, [key(second, 2)]))]).toEqual([])
    // The first one again, woken for nothing.
    expect(await park(first, first, first)).toBe(true)
    const [step] = await system.database.query(
      `SELECT status, attempt, waiting_for ->> 'run_id' AS child FROM steps WHERE run_id = $1`,
      [id],
    )
    expect(step).toEqual({ status: 'waiting', attempt: 1, child: first })
  } finally {
    await system.stop()
  }
})

test('a step that asks people is not made to ask anew by workers that were frozen before they had it ask', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    const id = await system.start({ name: 'asks', steps: [{ id: 'ask', type: 'approval' }] })
    const park = (approval: string, instead: string | null) =>
      parkStep(system.engine.db, {
        runId: id,
        stepIndex: 0,
        attempt: 1,
        workerId: randomUUID(),
        startedAt: new Date().toISOString(),
        startsRun: false,
        waitingFor: { kind: 'approval', approval_id: approval },
        wakeAt: null,
        insteadOf: instead === null ? null : { kind: 'approval', approval_id: instead },
      })
    const asked = async () => {
      const [step] = await system.database.query<{ approval: string }>(
        `SELECT waiting_for ->> 'approval_id' AS approval FROM steps WHERE run_id = $1 AND status = 'waiting' AND attempt = 1`,
        [id],
      )
      return step?.approval
    }
    const [first, second, late] = [randomUUID(), randomUUID(), randomUUID()]
    expect(await park(first, null)).toBe(true)
    // Of the same number, as nobody had noted the start of either.
    expect(await park(late, null)).toBe(false)
    expect(await asked()).toBe(first)
    // What was shown has changed: whoever knows what the step waits for has it ask anew, once.
    expect(await park(second, first)).toBe(true)
    expect(await park(late, first)).toBe(false)
    expect(await asked()).toBe(second)
  } finally {
    await system.stop()
  }
})

test('a map whose time is up is found however many steps are due that no worker takes', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    const timers = ['a', 'b', 'c'].map((id) => ({ id, type: 'wait', config: { seconds: 60 } }))
    const map = { id: 'm', type: 'map', config: { items: [1], step: {} } }
    const id = await system.start({ name: 'due', steps: [...timers, map] })
    await system.database.query(
      `UPDATE steps SET status = 'waiting', started_at = now(), wake_at = now() - interval '1 minute' * (5 - step_index),
         waiting_for = CASE WHEN step_id = 'm' THEN '{"kind": "items"}' ELSE '{"kind": "timer"}' END::json
       WHERE run_id = $1`,
      [id],
    )
    const due = await findDueSteps(system.engine.db, 1_000, 2)
    expect(due.map(({ step }) => step)).toEqual(['m', 'a'])
  } finally {
    await system.stop()
  }
})
