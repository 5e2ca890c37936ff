import { expect, test, vi } from 'vitest'
import { cancelRuns } from '../../src/engine/cancel.ts'
import { pauseRun, resumeRun } from '../../src/engine/pause.ts'
import { retryRun } from '../../src/engine/retry-run.ts'
import { ROOT_JOB } from '../../src/queue/names.ts'
import { RunQueue } from '../../src/queue/queue.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { defineAction, defineTransaction, sql, z } from '../../workers/action.ts'
import { describeOnEachBackend } from '../support/contract.ts'
import { eventually, throughout } from '../support/eventually.ts'
import { statusesOf, stepOf, type RunRecord } from '../support/run-record.ts'
import { chain, noop, type StepInput } from '../support/shapes.ts'

/** Executions of steps by `run.step`, and what lets those that hang go on. */
const executions: string[] = []
const hanging = new Map<string, () => void>()
/** Names of workflows whose steps `fail_now_and_then` fails for now. */
const failing = new Set<string>()

const ACTIONS = [
  defineAction({
    name: 'note',
    description: 'Notes that it was executed',
    input: z.unknown(),
    output: z.unknown(),
    run: async ({ runId, stepId, input }) => {
      executions.push(`${runId}.${stepId}`)
      return input ?? null
    },
  }),
  defineAction({
    name: 'hang',
    description: 'Goes on when it is let',
    input: z.unknown(),
    output: z.null(),
    run: ({ runId, stepId, signal }) =>
      new Promise<null>((resolve, reject) => {
        executions.push(`${runId}.${stepId}`)
        hanging.set(`${runId}.${stepId}`, () => resolve(null))
        signal.addEventListener('abort', () => reject(new Error('interrupted')))
      }),
  }),
  defineAction({
    name: 'fail_now_and_then',
    description: 'Fails while its workflow is among those that fail',
    input: z.unknown(),
    output: z.null(),
    run: async ({ workflow }) => {
      if (failing.has(workflow)) throw new Error('not now')
      return null
    },
  }),
  defineTransaction({
    name: 'book',
    description: 'Writes a row within its transaction',
    input: z.unknown(),
    output: z.null(),
    transaction: async (tx, { runId }) => {
      await tx.execute(sql`INSERT INTO orders (id, amount, reference) VALUES (gen_random_uuid(), 1, ${runId})`)
      return null
    },
  }),
]

/** Steps in a row: each is given by its own part, and depends on the one before. */
function inARow(name: string, parts: Partial<StepInput>[], rest: Partial<DefinitionInput> = {}): DefinitionInput {
  const steps = parts.map((part, n): StepInput => ({ ...noop(`s${n}`, n === 0 ? [] : [`s${n - 1}`]), ...part }))
  return { name, sequencing: 'segment', steps, ...rest }
}

const does = (action: string, config: Record<string, string | number> = {}): Partial<StepInput> => ({
  config: { action, ...config },
})
const executed = (id: string): string[] =>
  executions.filter((entry) => entry.startsWith(`${id}.`)).map((entry) => entry.slice(id.length + 1))
const isHanging = (id: string, step: string) => eventually(() => expect(hanging.has(`${id}.${step}`)).toBe(true))
const letGo = (id: string, step: string) => {
  hanging.get(`${id}.${step}`)!()
  hanging.delete(`${id}.${step}`)
}

function expectInOrder(run: RunRecord): void {
  const steps = Object.values(run.steps).toSorted((a, b) => a.step_index - b.step_index)
  for (const [index, step] of steps.slice(1).entries())
    expect(step.started_at!).toBeGreaterThanOrEqual(steps[index]!.completed_at!)
}

describeOnEachBackend({ actions: ACTIONS }, (engine) => {
  const jobsOf = async (id: string): Promise<string[]> => {
    const jobs = await engine().engine.queue.stepQueue('default').getJobs(['completed', 'failed'])
    return jobs.filter((job) => job.id!.startsWith(id)).map((job) => job.name)
  }

  const rootOf = (run: string) => engine().engine.queue.rootPresence({ run, step: ROOT_JOB, epoch: 1 })

  test('the steps of a linear stretch run in order in one job, each with its own attempt and result', async () => {
    const id = await engine().start({ ...chain('stretch', 30), sequencing: 'segment' })
    const run = await engine().ended(id)
    expect(run.status).toBe('completed')
    expect(new Set(Object.values(run.steps).map(({ status, attempt }) => `${status} ${attempt}`))).toEqual(
      new Set(['completed 1']),
    )
    expectInOrder(run)
    await eventually(async () => expect(await jobsOf(id)).toEqual(['s0']))
  })

  test('a stretch ends where the graph forks or joins, the queue or the priority changes, or a step waits', async () => {
    const id = await engine().start({
      name: 'cut',
      sequencing: 'segment',
      steps: [
        noop('a'),
        noop('b', ['a']),
        noop('left', ['b']),
        noop('left2', ['left']),
        noop('right', ['b']),
        noop('join', ['left2', 'right']),
        noop('urgent', ['join'], { priority: 9 }),
        { id: 'timer', type: 'wait', config: { seconds: 0.01 }, depends_on: ['urgent'], priority: 9 },
        noop('after', ['timer'], { priority: 9 }),
        noop('end', ['after'], { priority: 9 }),
      ],
    })
    expect((await engine().ended(id)).status).toBe('completed')
    await eventually(async () =>
      expect((await jobsOf(id)).toSorted()).toEqual(['a', 'after', 'join', 'left', 'right', 'timer', 'urgent']),
    )
  })

  test('outputs and branches go from step to step, from the one before and from further up', async () => {
    const run = await engine().run(
      inARow(
        'hand-on',
        [
          { ...does('note'), input: { n: '$input.n' } },
          { ...does('note'), input: { twice: '${{ steps.s0.output.n * 2 }}' } },
          { type: 'condition', config: { expression: 'steps.s1.output.twice > 5 ? "large" : "small"' } },
          { ...does('note'), input: ['$s0.n', '$s1.twice'], depends_on: [{ step: 's2', branch: 'large' }] },
          { ...does('note'), input: 'never', depends_on: [{ step: 's3', when: 'steps.s0.output.n == 4' }] },
        ],
        { output: '$s3' },
      ),
      { input: { n: 3 } },
    )
    expect(run.output).toEqual([3, 6])
    expect(stepOf(run, 's2').branch).toBe('large')
    expect(stepOf(run, 's4')).toMatchObject({ status: 'skipped' })
  })

  test('a step that fails is tried again behind the last commit: what is before it is not', async () => {
    const name = 'tried-again'
    const flaky = {
      config: { action: 'fail_times', max_retries: 2 },
      input: { times: 2 },
      retry: { delay_seconds: 0.05 },
    }
    const id = await engine().start(inARow(name, [does('note'), does('note'), flaky, does('note')]))
    const run = await engine().ended(id)
    expect(run.status).toBe('completed')
    expect(stepOf(run, 's2')).toMatchObject({ attempt: 3, attempts: [{ status: 'failed' }, { status: 'failed' }] })
    expect(executed(id)).toEqual(['s0', 's1', 's3'])
    expectInOrder(run)
  })

  test('a failure that stops the run skips the rest of the stretch; a step that joins always goes on', async () => {
    const name = 'stopped'
    failing.add(name)
    const stops = inARow(name, [does('note'), does('fail_now_and_then'), does('note'), does('note')])
    const id = await engine().start(stops)
    expect(statusesOf(await engine().ended(id))).toEqual({
      s0: 'completed',
      s1: 'failed',
      s2: 'skipped',
      s3: 'skipped',
    })
    failing.delete(name)
    await retryRun(engine().engine, id)
    expect((await engine().ended(id)).status).toBe('completed')
    expect(executed(id)).toEqual(['s0', 's2', 's3'])

    failing.add('goes-on')
    const always = await engine().run(
      inARow('goes-on', [does('fail_now_and_then'), { ...does('note'), join: 'always' }, does('note')], {
        on_failure: 'finish',
      }),
    )
    expect(statusesOf(always)).toEqual({ s0: 'failed', s1: 'completed', s2: 'completed' })
    expect(always.status).toBe('failed')
  })

  test('transactions within a stretch commit once each', async () => {
    const id = await engine().start(inARow('bookings', [does('book'), does('book'), does('note'), does('book')]))
    expect((await engine().ended(id)).status).toBe('completed')
    const rows = await engine().database.query('SELECT 1 FROM orders WHERE reference = $1', [id])
    expect(rows).toHaveLength(3)
  })

  test('a pause holds the next step back, and resuming goes on behind the last commit', async () => {
    const id = await engine().start(inARow('paused', [does('note'), does('hang'), does('note')]))
    await isHanging(id, 's1')
    await pauseRun(engine().engine, id)
    letGo(id, 's1')
    await eventually(async () => expect(stepOf(await engine().read(id), 's1').status).toBe('completed'))
    await throughout(200, () => expect(executed(id)).toEqual(['s0', 's1']))
    await resumeRun(engine().engine, id)
    expect((await engine().ended(id)).status).toBe('completed')
    expect(executed(id)).toEqual(['s0', 's1', 's2'])
  })

  test('a cancellation ends the step under way, and those behind it never begin', async () => {
    const id = await engine().start(inARow('cancelled', [does('note'), does('hang'), does('note')]))
    await isHanging(id, 's1')
    await cancelRuns(engine().engine, [id])
    const run = await engine().ended(id)
    expect(statusesOf(run)).toEqual({ s0: 'completed', s1: 'cancelled', s2: 'cancelled' })
    expect(executed(id)).toEqual(['s0', 's1'])
  })

  test('a stretch that is handed to another worker goes on behind the last commit', async () => {
    const queue = 'handed-over'
    const on = (part: Partial<StepInput>): Partial<StepInput> => ({ ...part, queue })
    const first = await engine().startWorker({ queues: [queue], shutdownGraceMs: 50 })
    const id = await engine().start(inARow('handed-over', [on(does('note')), on(does('hang')), on(does('note'))]))
    await isHanging(id, 's1')
    hanging.delete(`${id}.s1`)
    await first.stop()
    await engine().startWorker({ queues: [queue] })
    await isHanging(id, 's1')
    letGo(id, 's1')
    const run = await engine().ended(id)
    expect(run.status).toBe('completed')
    expect(stepOf(run, 's1')).toMatchObject({ attempt: 2, attempts: [{ attempt: 1, status: 'lost' }] })
    expect(executed(id)).toEqual(['s0', 's1', 's1', 's2'])
  })

  test('a worker that stops ends the step that it is at, and leaves those behind it to another', async () => {
    const queue = 'drained'
    const on = (part: Partial<StepInput>): Partial<StepInput> => ({ ...part, queue })
    const first = await engine().startWorker({ queues: [queue], shutdownGraceMs: 20_000 })
    const id = await engine().start(inARow('drained', [on(does('hang')), on(does('note'))]))
    await isHanging(id, 's0')
    const stopped = first.stop()
    letGo(id, 's0')
    await stopped
    expect(executed(id)).toEqual(['s0'])
    const second = await engine().startWorker({ queues: [queue] })
    const run = await engine().ended(id)
    expect([stepOf(run, 's0').worker_id, stepOf(run, 's1').worker_id]).toEqual([first.id, second.id])
    expect(stepOf(run, 's0')).toMatchObject({ attempt: 1, attempts: [] })
  })

  test('a retry from within a stretch repeats it from there', async () => {
    const id = await engine().start(inARow('from-within', [does('note'), does('note'), does('note')]))
    await engine().ended(id)
    await retryRun(engine().engine, id, { from: 's1' })
    expect((await engine().ended(id)).status).toBe('completed')
    expect(executed(id)).toEqual(['s0', 's1', 's2', 's1', 's2'])
  })

  test('a run that ends with its last step never has a root job; one that ends otherwise gets it then', async () => {
    const ends = inARow('ends', [does('note'), does('note')])
    const completed = await engine().start(ends)
    expect((await engine().ended(completed)).status).toBe('completed')
    expect(await rootOf(completed)).toBe('missing')

    failing.add('ends-otherwise')
    const failed = await engine().start(inARow('ends-otherwise', [does('note'), does('fail_now_and_then')]))
    await eventually(async () => expect(executed(failed)).toEqual(['s0']))
    expect((await engine().ended(failed)).status).toBe('failed')
    await eventually(async () => expect(await rootOf(failed)).toBe('finished'))
  })

  test('a run whose root job could not be added is ended all the same', async () => {
    failing.add('no-root')
    const add = vi.spyOn(RunQueue.prototype, 'addRoot').mockRejectedValueOnce(new Error('the queue is full'))
    const run = await engine().run(inARow('no-root', [does('note'), does('fail_now_and_then')]))
    expect(run.status).toBe('failed')
    expect(add).toHaveBeenCalledTimes(2)
    add.mockRestore()
  })

  test('a run with several last steps ends when all of them have settled', async () => {
    const steps = [noop('a'), noop('b', ['a'], does('hang')), noop('c', ['a'], does('note'))]
    const id = await engine().start({ name: 'two-ends', sequencing: 'segment', steps })
    await isHanging(id, 'b')
    await eventually(async () => expect(stepOf(await engine().read(id), 'c').status).toBe('completed'))
    expect(await rootOf(id)).toBe('parked')
    letGo(id, 'b')
    expect((await engine().ended(id)).status).toBe('completed')
  })
})
