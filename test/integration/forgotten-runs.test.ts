import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { QueueWatch } from '../../src/engine/queue-life.ts'
import { reconcile } from '../../src/engine/reconcile.ts'
import { registerWorkflow } from '../../src/engine/register.ts'
import { startRuns } from '../../src/engine/start.ts'
import { Sweep } from '../../src/engine/sweep.ts'
import type { Json } from '../../src/workflow/definition.ts'
import { noop } from '../support/shapes.ts'
import { startTestEngine, type TestEngine } from '../support/test-engine.ts'

/** More than two of the batches of 100 in which forgotten runs are dispatched. */
const RUNS = 250

let under: TestEngine
/** Called as a batch of runs is dispatched anew, with how many there were before. */
let onDispatch: (before: number) => void
let dispatches: number

beforeAll(async () => {
  // Its own reconciler ticks once, at the start: the rounds are those of the tests.
  under = await startTestEngine({ backend: 'redis', workers: 0, reconcileIntervalMs: 3_600_000 })
  const { db } = under.engine
  const { batch } = db
  db.batch = (name, text, values) => {
    if (name === 'raise_epochs') onDispatch(dispatches++)
    return batch(name, text, values)
  }
})
afterAll(() => under.stop())
beforeEach(() => {
  dispatches = 0
  onDispatch = () => undefined
})

/** Starts runs, of which the queue's life knows nothing. */
async function startForgotten(): Promise<void> {
  await under.database.query('DELETE FROM runs')
  const { version } = await registerWorkflow(under.engine, { name: 'forgotten', steps: [noop('a')] } as Json)
  await startRuns(
    under.engine,
    version,
    Array.from({ length: RUNS }, () => ({})),
  )
  await under.database.query('UPDATE runs SET queue_token = NULL')
}

const round = (isOver?: () => boolean) =>
  reconcile(under.engine, new Sweep(under.engine), new QueueWatch(under.engine), isOver)

async function runsByEpoch(): Promise<Record<number, number>> {
  const rows = await under.database.query<{ epoch: number; runs: number }>(
    'SELECT epoch, count(*)::int AS runs FROM runs GROUP BY epoch',
  )
  return Object.fromEntries(rows.map((row) => [row.epoch, row.runs]))
}

test('a round dispatches each forgotten run once, although another life of the queue is noticed meanwhile', async () => {
  await startForgotten()
  onDispatch = (before) => {
    // The next tick looks where the work is while the round of this one is still under way.
    if (before === 0) under.engine.queueLife.token = randomUUID()
  }
  await round()
  expect(await runsByEpoch()).toEqual({ 2: RUNS })
})

test('a round dispatches nothing more once its process no longer leads', async () => {
  await startForgotten()
  await round(() => dispatches > 0)
  expect(await runsByEpoch()).toEqual({ 1: RUNS - 100, 2: 100 })
  await round()
  expect(await runsByEpoch()).toEqual({ 2: RUNS })
})
