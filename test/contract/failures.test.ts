import { expect, test } from 'vitest'
import { defineAction, defineTransaction, PermanentError, RetryLaterError, sql, z } from '../../workers/action.ts'
import { describeOnEachBackend } from '../support/contract.ts'
import { eventually } from '../support/eventually.ts'
import { disorder, statusesOf, stepOf } from '../support/run-record.ts'
import { noop } from '../support/shapes.ts'

/** The engine starts a retry at most this early, to spare one round through the queue. */
const EARLY_MICROS = 5_000

const heard: Record<string, string> = {}
/** Whether a session of Postgres is there still; set by the test that asks. */
let isSession: (pid: number) => Promise<boolean>

const ACTIONS = [
  defineAction({
    name: 'later',
    description: 'Asks for its second attempt after 300 ms',
    input: z.unknown(),
    output: z.number(),
    run: async ({ attempt }) => {
      if (attempt === 1) throw new RetryLaterError('the other side is busy', { afterMs: 300 })
      return attempt
    },
  }),
  defineAction({
    name: 'garble',
    description: 'Fails with what is left of a message that was cut off within a character',
    input: z.unknown(),
    output: z.unknown(),
    run: async () => {
      throw new Error('the server said: 😀'.slice(0, -1))
    },
  }),
  defineAction({
    name: 'refuse',
    description: 'Fails for good',
    input: z.unknown(),
    output: z.null(),
    run: async () => {
      throw new PermanentError('the card is stolen', { code: 'stolen_card' })
    },
  }),
  defineAction({
    name: 'listen',
    description: 'Waits for its signal, and says what it heard',
    input: z.unknown(),
    output: z.null(),
    run: ({ signal, runId }) =>
      new Promise<null>((_, reject) => {
        signal.addEventListener('abort', () => {
          heard[runId] = String(signal.reason)
          reject(new Error('the action says that it was interrupted'))
        })
      }),
  }),
  defineAction({
    name: 'deaf',
    description: 'Ignores its signal and returns after 900 ms',
    input: z.unknown(),
    output: z.string(),
    run: () => new Promise<string>((resolve) => setTimeout(() => resolve('too late'), 900)),
  }),
  defineTransaction({
    name: 'slow_effect',
    description: 'Writes a row, and then takes too long',
    input: z.unknown(),
    output: z.null(),
    transaction: async (tx, { runId }) => {
      await tx.execute(sql`INSERT INTO orders (id, amount, reference) VALUES (gen_random_uuid(), 1, ${runId})`)
      await tx.execute(sql`SELECT pg_sleep(2)`)
      return null
    },
  }),
  defineTransaction({
    name: 'idle_effect',
    description: 'Writes a row, and in its first attempt sends Postgres nothing for longer than it may',
    input: z.unknown(),
    output: z.null(),
    transaction: async (tx, { runId, attempt }) => {
      await tx.execute(sql`INSERT INTO orders (id, amount, reference) VALUES (gen_random_uuid(), 1, ${runId})`)
      if (attempt > 1) return null
      const { rows } = await tx.execute<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`)
      await tx.execute(sql`SET LOCAL idle_in_transaction_session_timeout = 20`)
      await eventually(async () => !(await isSession(rows[0]!.pid)))
      return null
    },
  }),
]

describeOnEachBackend({ actions: ACTIONS }, (engine) => {
  test('on_failure stop: what runs ends, and nothing else begins', async () => {
    const definition = {
      name: 'stop',
      steps: [
        noop('bad', [], { config: { duration_seconds: 0.6, fail_probability: 1 } }),
        noop('running', [], { config: { duration_seconds: 1.5 } }),
        noop('next', ['running']),
        noop('after', ['bad'], { join: 'always' }),
      ],
    }
    const run = await engine().run(definition)
    expect(statusesOf(run)).toEqual({ bad: 'failed', running: 'completed', next: 'skipped', after: 'skipped' })
    expect(stepOf(run, 'next').reason).toBe('step bad failed and the workflow stops on failure')
    expect(run).toMatchObject({ status: 'failed', halted_by: 'bad', output: null })
    expect(run.error).toMatchObject({ step_id: 'bad', message: 'simulated failure (fail_probability is 1)' })
    expect(disorder(run, definition)).toEqual([])
  })

  test.each([
    ['that waits for its next attempt', { action: 'fail_times', max_retries: 5 }],
    ['whose attempt fails once the run has stopped', { duration_seconds: 0.8, fail_probability: 1, max_retries: 5 }],
  ])('on_failure stop: a step %s gets no other', async (_which, config) => {
    const run = await engine().run({
      name: 'stop-retrying',
      steps: [
        noop('again', [], { config, input: { times: 5 }, retry: { delay_seconds: 60, max_delay_seconds: 60 } }),
        noop('bad', [], { config: { duration_seconds: 0.2, fail_probability: 1 } }),
      ],
    })
    expect(statusesOf(run)).toEqual({ again: 'skipped', bad: 'failed' })
    expect(stepOf(run, 'again').attempts).toHaveLength(1)
  })

  test('on_failure finish: branches that do not depend on the failed step go on', async () => {
    const run = await engine().run({
      name: 'finish',
      on_failure: 'finish',
      steps: [
        noop('bad', [], { config: { duration_seconds: 0, fail_probability: 1 } }),
        noop('never', ['bad']),
        noop('other', [], { config: { duration_seconds: 0.2 } }),
        noop('goes_on', ['other']),
      ],
    })
    expect(statusesOf(run)).toEqual({ bad: 'failed', never: 'skipped', other: 'completed', goes_on: 'completed' })
    expect(run).toMatchObject({ status: 'failed', halted_by: null, error: { step_id: 'bad' } })
  })

  test('on_error continue: the failed step counts as completed with no output', async () => {
    const run = await engine().run({
      name: 'continue',
      steps: [
        { id: 'bad', config: { duration_seconds: 0, fail_probability: 1 }, on_error: 'continue' },
        {
          id: 'next',
          type: 'transform',
          depends_on: ['bad'],
          config: {
            output: { value: '$bad.value?', status: '${{ steps.bad.status }}', error: '${{ steps.bad.error }}' },
          },
        },
      ],
    })
    expect(statusesOf(run)).toEqual({ bad: 'failed', next: 'completed' })
    expect(run).toMatchObject({ status: 'completed', error: null, halted_by: null })
    expect(run.output).toEqual({
      next: { value: null, status: 'failed', error: 'simulated failure (fail_probability is 1)' },
    })
  })

  test.each([
    { backoff: 'fixed' as const, delays: [200, 200] },
    { backoff: 'exponential' as const, delays: [200, 600] },
  ])('a failing step is tried again, with $backoff delays', async ({ backoff, delays }) => {
    const run = await engine().run({
      name: `retry-${backoff}`,
      steps: [
        {
          id: 'a',
          config: { action: 'fail_times', max_retries: 3 },
          input: { times: 2 },
          retry: { backoff, delay_seconds: 0.2, factor: 3 },
        },
      ],
    })
    const step = stepOf(run, 'a')
    expect(run.status).toBe('completed')
    expect(step).toMatchObject({ status: 'completed', attempt: 3, retry_count: 2, error: null })
    expect(step.output).toEqual({ attempt: 3, recovered: true })
    expect(step.attempts.map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 'failed'],
      [2, 'failed'],
    ])
    for (const [index, failed] of step.attempts.entries()) {
      expect(failed.error).toMatchObject({
        message: `attempt ${index + 1} fails: the first 2 are asked to`,
        code: 'action_failed',
        stack: expect.stringContaining('at '),
      })
      expect(failed.worker_id).toMatch(/^[0-9a-f-]{36}$/)
      expect(failed.completed_at).toBeGreaterThanOrEqual(failed.started_at)
      const waited = (failed.retry_at ?? 0) - failed.completed_at
      expect(Math.abs(waited / 1_000 - delays[index]!)).toBeLessThan(5)
      const next = step.attempts[index + 1]?.started_at ?? step.started_at
      expect(next).toBeGreaterThanOrEqual((failed.retry_at ?? 0) - EARLY_MICROS)
    }
  })

  test('a step that fails more often than it may be retried fails, and every attempt is kept', async () => {
    const run = await engine().run({
      name: 'exhausted',
      steps: [
        noop('a', [], {
          config: { action: 'fail_times', max_retries: 2 },
          input: { times: 9 },
          retry: { delay_seconds: 0 },
        }),
      ],
    })
    const step = stepOf(run, 'a')
    expect(step).toMatchObject({ status: 'failed', attempt: 3, retry_count: 2 })
    expect(step.attempts.map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 'failed'],
      [2, 'failed'],
      [3, 'failed'],
    ])
    expect(step.attempts[2]).toMatchObject({ retry_at: null, completed_at: step.completed_at })
    expect(step.error?.message).toBe('attempt 3 fails: the first 9 are asked to')
  })

  test('RetryLaterError sets the delay, instead of the back-off of the step', async () => {
    const run = await engine().run({
      name: 'later',
      steps: [{ id: 'a', type: 'later', config: { max_retries: 1 }, retry: { delay_seconds: 60 } }],
    })
    const step = stepOf(run, 'a')
    expect(step).toMatchObject({ status: 'completed', attempt: 2, output: 2 })
    const waited = step.started_at! - step.attempts[0]!.completed_at
    expect(waited).toBeGreaterThanOrEqual(300_000 - EARLY_MICROS)
    expect(waited).toBeLessThan(5_000_000)
  })

  test('an error with half of a character is stored so that whoever depends on its step can read it', async () => {
    const run = await engine().run({
      name: 'garbled',
      on_failure: 'finish',
      steps: [
        { id: 'a', config: { action: 'garble' }, on_error: 'continue' },
        { id: 'b', type: 'transform', depends_on: ['a'], config: { output: '${{ steps.a.error }}' } },
      ],
    })
    expect(run.status).toBe('completed')
    expect(stepOf(run, 'b').output).toBe('the server said: \ufffd')
  })

  test('a step that is lost with 50 workers in a row fails; one that failed in between is tried again', async () => {
    const startAt = new Date(Date.now() + 1_000).toISOString()
    const id = await engine().start(
      { name: 'lost', on_failure: 'finish', steps: [noop('cursed', []), noop('unlucky', [])] },
      { startAt },
    )
    await engine().database.query(
      `INSERT INTO step_attempts (run_id, step_index, attempt, status, started_at, completed_at)
       SELECT $1, i, n, CASE WHEN i = 1 AND n = 10 THEN 'failed' ELSE 'lost' END::attempt_status, now(), now()
       FROM generate_series(0, 1) i, generate_series(1, 50) n`,
      [id],
    )
    await engine().database.query('UPDATE steps SET attempt = 51 WHERE run_id = $1', [id])
    const run = await engine().ended(id)
    expect(stepOf(run, 'cursed')).toMatchObject({ status: 'failed', error: { code: 'worker_lost' } })
    expect(stepOf(run, 'unlucky')).toMatchObject({ status: 'completed', attempt: 52 })
  })

  test('PermanentError fails the step at once, retries or not', async () => {
    const run = await engine().run({
      name: 'permanent',
      steps: [{ id: 'a', type: 'refuse', config: { max_retries: 5 } }],
    })
    expect(stepOf(run, 'a')).toMatchObject({
      status: 'failed',
      attempt: 1,
      retry_count: 0,
      error: { message: 'the card is stolen', code: 'stolen_card' },
    })
  })

  test('a transaction that sends Postgres nothing for too long is rolled back, its attempt fails and says so', async () => {
    const sessions = (pid: number) => engine().database.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [pid])
    isSession = async (pid) => (await sessions(pid)).length > 0
    const run = await engine().run({
      name: 'idle',
      steps: [noop('a', [], { config: { action: 'idle_effect', max_retries: 1 }, retry: { delay_seconds: 0 } })],
    })
    const { attempts } = stepOf(run, 'a')
    expect(attempts.map(({ status, error }) => [status, error?.code])).toEqual([['failed', 'transaction_idle']])
    expect(run.status).toBe('completed')
    const effects = await engine().database.query('SELECT 1 FROM orders WHERE reference = $1', [run.id])
    expect(effects).toHaveLength(1)
  })

  test('an attempt that takes longer than timeout_seconds fails, its signal fires, and it is tried again', async () => {
    const run = await engine().run({
      name: 'timeout',
      steps: [
        { id: 'a', type: 'listen', timeout_seconds: 0.2, config: { max_retries: 1 }, retry: { delay_seconds: 0 } },
      ],
    })
    const step = stepOf(run, 'a')
    expect(step).toMatchObject({ status: 'failed', attempt: 2, retry_count: 1 })
    expect(step.error).toMatchObject({ code: 'timeout', message: 'the attempt took longer than timeout_seconds (0.2)' })
    for (const attempt of step.attempts) {
      const lasted = (attempt.completed_at - attempt.started_at) / 1_000
      expect(lasted).toBeGreaterThanOrEqual(200)
      expect(lasted).toBeLessThan(2_000)
    }
    expect(heard[run.id]).toContain('timeout_seconds')
  })

  test('simulated work is cut short by timeout_seconds', async () => {
    const run = await engine().run({
      name: 'timeout-simulated',
      steps: [{ id: 'a', timeout_seconds: 0.1, config: { duration_seconds: 30 } }],
    })
    expect(stepOf(run, 'a')).toMatchObject({ status: 'failed', error: { code: 'timeout' } })
  })

  test('an action that ignores its signal is abandoned, and what it returns later counts for nothing', async () => {
    const id = await engine().start({ name: 'deaf', steps: [{ id: 'a', type: 'deaf', timeout_seconds: 0.1 }] })
    const run = await engine().ended(id, { timeoutMs: 5_000 })
    const step = stepOf(run, 'a')
    expect(step).toMatchObject({ status: 'failed', error: { code: 'timeout' } })
    expect((step.completed_at! - step.started_at!) / 1_000).toBeLessThan(800)
    const late = performance.now() + 1_000
    await eventually(() => performance.now() > late)
    expect(await engine().read(id)).toEqual(run)
  })

  test('a transaction that takes too long leaves no effects', async () => {
    const run = await engine().run({
      name: 'slow-effect',
      steps: [{ id: 'a', type: 'slow_effect', timeout_seconds: 0.2 }],
    })
    expect(stepOf(run, 'a')).toMatchObject({ status: 'failed', error: { code: 'timeout' } })
    expect(await engine().database.query('SELECT FROM orders WHERE reference = $1', [run.id])).toEqual([])
  })
})
