import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { completeSteps, markStarted } from '../../src/db/commit.ts'
import { type AttemptKey } from '../../src/db/fence.ts'
import { settleSteps } from '../../src/db/settle.ts'
import { insertItems, parkStep } from '../../src/db/park.ts'
import { lockAwaited } from '../support/awaited-lock.ts'
import { eventually } from '../support/eventually.ts'
import { cancelRun } from '../../src/engine/cancel.ts'
import { retryRun } from '../../src/engine/retry-run.ts'
import { startTestEngine, type TestEngine } from '../support/test-engine.ts'

/** A run with one step, of which a worker holds attempt 1. */
async function startAttempt(system: TestEngine): Promise<AttemptKey> {
  const runId = await system.start({ name: 'one', steps: [{ id: 'only', type: 'wait', config: { seconds: 60 } }] })
  const key = { runId, stepIndex: 0, attempt: 1, workerId: randomUUID(), startsRun: true }
  const first = { ...key, startedAt: new Date().toISOString() }
  expect((await markStarted(system.engine.db, [first])).size).toBe(1)
  return first
}

const DECIDED = { reason: 'as decided', error: null, retryAfterMs: null, halts: null, waits: false, epoch: 1 } as const

const nextOf = (key: AttemptKey): AttemptKey => ({ ...key, attempt: key.attempt + 1, workerId: randomUUID() })

const attemptsOf = (system: TestEngine, { runId }: AttemptKey) =>
  system.database.query("SELECT attempt, status, error ->> 'code' AS code FROM step_attempts WHERE run_id = $1", [
    runId,
  ])

test('an attempt that is taken over is recorded as lost', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    const first = await startAttempt(system)
    expect((await markStarted(system.engine.db, [nextOf(first)])).size).toBe(1)
    expect(await attemptsOf(system, first)).toEqual([{ attempt: 1, status: 'lost', code: 'worker_lost' }])
  } finally {
    await system.stop()
  }
})

test('the attempt of a step that is skipped or cancelled is kept: as lost where it ran and its worker is gone, as cancelled where it waited', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    for (const status of ['skipped', 'cancelled'] as const) {
      const running = await startAttempt(system)
      const decided = { ...nextOf(running), ...DECIDED, status, attempted: false }
      expect((await settleSteps(system.engine.db, [decided])).size).toBe(1)
      expect(await attemptsOf(system, running)).toEqual([{ attempt: 1, status: 'lost', code: 'worker_lost' }])

      const waiting = await startAttempt(system)
      const until = new Date(Date.now() + 60_000).toISOString()
      const parking = { waitingFor: { kind: 'timer', until }, wakeAt: null, insteadOf: null } as const
      expect(await parkStep(system.engine.db, { ...waiting, ...parking })).toBe(true)
      const woken = { ...nextOf(waiting), ...DECIDED, status, attempted: false, waits: true }
      expect((await settleSteps(system.engine.db, [woken])).size).toBe(1)
      expect(await attemptsOf(system, waiting)).toEqual([{ attempt: 1, status: 'cancelled', code: null }])
    }
    const idle = await system.start({ name: 'one', steps: [{ id: 'only' }] })
    const never = {
      ...nextOf(await startAttempt(system)),
      runId: idle,
      ...DECIDED,
      status: 'skipped',
      attempted: false,
    } as const
    expect((await settleSteps(system.engine.db, [never])).size).toBe(1)
    expect(await attemptsOf(system, never)).toEqual([])
  } finally {
    await system.stop()
  }
})

test('an attempt that commits while it is taken over is not recorded as lost', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    const { db } = system.engine
    const first = await startAttempt(system)
    let takeOver: ReturnType<typeof markStarted> | undefined
    await db.transaction(async (_tx, batch) => {
      const { done } = await completeSteps({ batch }, [
        { key: first, result: { output: '1', outputBytes: 1, branch: null } },
      ])
      expect(done.size).toBe(1)
      takeOver = markStarted(db, [nextOf(first)])
      await lockAwaited(system.database)
    })
    expect((await takeOver!).size).toBe(0)
    expect(await attemptsOf(system, first)).toEqual([])
    const [step] = await system.database.query('SELECT status, attempt FROM steps WHERE run_id = $1', [first.runId])
    expect(step).toEqual({ status: 'completed', attempt: 1 })
  } finally {
    await system.stop()
  }
})

test('an attempt that was to take over one that failed meanwhile begins again, behind that', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    const { db } = system.engine
    const first = await startAttempt(system)
    const clock = async () => {
      const [row] = await system.database.query<{ now: string }>('SELECT clock_timestamp()::text AS now')
      return row!.now
    }
    const second = { ...nextOf(first), startedAt: await clock() }
    const failure = { ...first, ...DECIDED, status: 'retrying', retryAfterMs: 20, attempted: true } as const
    expect((await settleSteps(db, [failure])).size).toBe(1)
    await eventually(
      async () => (await system.database.query('SELECT 1 FROM steps WHERE retry_at < now()')).length === 1,
    )
    expect((await markStarted(db, [second])).size).toBe(0)
    expect((await markStarted(db, [{ ...second, startedAt: await clock() }])).size).toBe(1)
  } finally {
    await system.stop()
  }
})

test('a failure is counted once where it is committed again, since the answer to the first commit got lost', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    const first = await startAttempt(system)
    const failure = {
      ...first,
      status: 'retrying',
      reason: null,
      error: { message: 'no luck', code: 'unlucky' },
      retryAfterMs: 60_000,
      halts: null,
      attempted: true,
      waits: false,
      epoch: 1,
    } as const
    for (let times = 0; times < 2; times += 1) {
      expect((await settleSteps(system.engine.db, [failure])).size).toBe(1)
    }
    expect(await attemptsOf(system, first)).toEqual([{ attempt: 1, status: 'failed', code: 'unlucky' }])
    const [step] = await system.database.query('SELECT status, retry_count FROM steps WHERE run_id = $1', [first.runId])
    expect(step).toEqual({ status: 'retrying', retry_count: 1 })
  } finally {
    await system.stop()
  }
})

test('a failure that stops the run and one that is to be tried again, in one batch: the run is dispatched anew', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    const { db } = system.engine
    const steps = ['bad', 'again'].map((id) => ({ id, config: { duration_seconds: 60 } }))
    const runId = await system.start({ name: 'two', steps })
    const of = (stepIndex: number): AttemptKey => ({
      runId,
      stepIndex,
      attempt: 1,
      workerId: randomUUID(),
      startsRun: true,
      startedAt: new Date().toISOString(),
    })
    const bad = { ...of(0), ...DECIDED, status: 'failed', halts: 'bad', attempted: true } as const
    const again = { ...of(1), ...DECIDED, status: 'retrying', retryAfterMs: 60_000, attempted: true } as const
    expect((await settleSteps(db, [bad, again])).size).toBe(2)
    const [run] = await system.database.query('SELECT halted_by, queue_token FROM runs WHERE id = $1', [runId])
    expect(run).toEqual({ halted_by: 'bad', queue_token: null })
  } finally {
    await system.stop()
  }
})

test('an attempt that did not know that its step waits by now fails nothing: its child run would go on beside the next', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    const { db } = system.engine
    const runId = await system.start({
      name: 'one',
      steps: [{ id: 'only', type: 'workflow', config: { workflow: 'x' } }],
    })
    const key = { runId, stepIndex: 0, attempt: 1, startedAt: new Date().toISOString(), startsRun: true }
    const parking = { waitingFor: { kind: 'run', run_id: randomUUID() }, wakeAt: null, insteadOf: null } as const
    expect(await parkStep(db, { ...key, workerId: randomUUID(), ...parking })).toBe(true)
    // Of the same number, as nobody had noted the start of either: it was frozen until its time was up.
    const timedOut = { ...key, workerId: randomUUID(), ...DECIDED, status: 'failed', attempted: true } as const
    expect((await settleSteps(db, [timedOut])).size).toBe(0)
    expect(await statusOf(system, runId)).toBe('waiting')
    expect((await settleSteps(db, [{ ...timedOut, waits: true }])).size).toBe(1)
    expect(await statusOf(system, runId)).toBe('failed')
  } finally {
    await system.stop()
  }
})

/** Ends a run as if its last step had settled, and retries it. */
async function endAndRetry(system: TestEngine, runId: string, from?: string): Promise<void> {
  await system.database.query(`UPDATE runs SET status = 'cancelled', completed_at = now() WHERE id = $1`, [runId])
  await retryRun(system.engine, runId, { from })
}

const statusOf = async (system: TestEngine, runId: string) =>
  (await system.database.query('SELECT status FROM steps WHERE run_id = $1', [runId]))[0]?.['status']

test('what was decided before a retry counts for nothing when it is committed again behind it', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    const { db } = system.engine
    const runId = await system.start({ name: 'one', steps: [{ id: 'only' }] })
    const key = { runId, stepIndex: 0, attempt: 1, workerId: randomUUID(), startsRun: false }
    const skipped = {
      ...key,
      ...DECIDED,
      startedAt: new Date().toISOString(),
      status: 'skipped',
      attempted: false,
    } as const
    expect((await settleSteps(db, [skipped])).size).toBe(1)
    await endAndRetry(system, runId)
    expect((await settleSteps(db, [skipped])).size).toBe(0)
    expect(await statusOf(system, runId)).toBe('pending')
  } finally {
    await system.stop()
  }
})

test('an attempt that was abandoned settles its step where the run is cancelled, and nothing once it was retried', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    const { db } = system.engine
    const abandoned = { ...DECIDED, status: 'cancelled', attempted: true } as const
    const first = await startAttempt(system)
    await cancelRun(system.engine, first.runId)
    expect((await settleSteps(db, [{ ...first, ...abandoned }])).size).toBe(1)
    expect(await statusOf(system, first.runId)).toBe('cancelled')
    // Of the other one Postgres does not know yet that it has begun.
    const runId = await system.start({ name: 'one', steps: [{ id: 'only' }] })
    await cancelRun(system.engine, runId)
    await endAndRetry(system, runId)
    expect((await settleSteps(db, [{ ...first, runId, ...abandoned }])).size).toBe(0)
    expect(await statusOf(system, runId)).toBe('pending')
    const mapRun = await system.start({
      name: 'map',
      steps: [{ id: 'm', type: 'map', config: { items: [1], step: { config: {} } } }],
    })
    await system.database.query(
      `UPDATE steps SET status = 'waiting', attempt = 1, started_at = now(), waiting_for = '{"kind":"items"}' WHERE run_id = $1`,
      [mapRun],
    )
    await insertItems(db, { runId: mapRun, stepIndex: 0, stepId: 'm' }, [1])
    await cancelRun(system.engine, mapRun)
    await endAndRetry(system, mapRun)
    expect((await settleSteps(db, [{ ...first, runId: mapRun, stepIndex: 1, ...abandoned }])).size).toBe(0)
  } finally {
    await system.stop()
  }
})

test('an attempt whose begin was noted nowhere completes its step after a retry, but not where the steps before it are repeated', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    const { db } = system.engine
    const steps = [{ id: 'first' }, { id: 'second', depends_on: ['first'] }]
    const result = { output: '1', outputBytes: 1, branch: null }
    const attempt = { stepIndex: 0, attempt: 1, workerId: randomUUID(), startsRun: true }
    const begun = { ...attempt, startedAt: new Date().toISOString() }
    for (const { from, counts } of [{ counts: 1 }, { from: 'first', counts: 0 }]) {
      const runId = await system.start({ name: 'two', steps })
      expect((await completeSteps(db, [{ key: { ...begun, runId }, result }])).done.size).toBe(1)
      await cancelRun(system.engine, runId)
      await endAndRetry(system, runId, from)
      const second = { ...begun, runId, stepIndex: 1, startsRun: false }
      expect((await completeSteps(db, [{ key: second, result }])).done.size).toBe(counts)
    }
  } finally {
    await system.stop()
  }
})
