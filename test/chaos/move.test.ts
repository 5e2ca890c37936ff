import { describe, test, type ExpectStatic } from 'vitest'
import { freePort } from '../../src/dev/free-port.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { createEffects, EFFECT_ACTIONS, effectsOf, releaseEffects } from '../support/effects.ts'
import { eventually } from '../support/eventually.ts'
import { answerAll, EFFECTS_OF_PARKED, isParked, PARKED, PARKED_CHILD } from '../support/parked-run.ts'
import type { TestProcess } from '../support/processes.ts'
import { disorder, statusesOf, stepOf } from '../support/run-record.ts'
import { startPrivateRedis } from '../support/servers.ts'
import { noop } from '../support/shapes.ts'
import { kill, startSystem, type System } from '../support/system.ts'

/** The fleet moves to another queue, process by process, with runs in flight, as docs/guides/moving-queues.md says. */

/** Steps with an effect each; the second lasts until the fleet has moved. */
const WORKING: DefinitionInput = {
  name: 'working',
  steps: Array.from({ length: 6 }, (_, n) =>
    noop(`s${n}`, n === 0 ? [] : [`s${n - 1}`], {
      config: { action: 'effect' },
      ...(n === 1 ? { input: { held: true } } : {}),
    }),
  ),
}
const EACH_ONCE = Object.fromEntries(WORKING.steps.map((step) => [step.id, 1]))

const ENV = {
  SLUICE_ACTIONS: EFFECT_ACTIONS,
  RECONCILE_INTERVAL_MS: '500',
  LOCK_DURATION_MS: '3000',
  HEARTBEAT_MS: '500',
}
const PATIENCE = { timeoutMs: 150_000 }

const LEFT = 'the work has moved to another queue'

const says = (child: TestProcess, text: string) => child.lines.some((line) => line.includes(text))

async function stop(child: TestProcess): Promise<void> {
  child.signal('SIGTERM')
  await child.exited
}

/** The token of the queue in use. */
async function lifeOf(system: System): Promise<string> {
  const [state] = await system.database.query<{ token: string }>('SELECT token FROM queue_state WHERE prefix = $1', [
    system.prefix,
  ])
  return state?.token ?? ''
}

const isAgreed = async (system: System) => (await system.get<{ agrees: boolean }>('/ops/drift')).agrees

/** Steps of a run in progress; some have been done, and some have not. */
async function expectInTheMiddle(expect: ExpectStatic, system: System, id: string): Promise<void> {
  const done = Object.values(statusesOf(await system.read(id))).filter((status) => status === 'completed')
  expect(done.length).toBeGreaterThan(0)
  expect(done.length).toBeLessThan(WORKING.steps.length)
}

interface Move {
  /** What the processes of the new side are told. */
  target: Record<string, string>
  /** API processes of the old side; with two, one of them is slow to go. */
  apis: 1 | 2
}

/** Begins on one queue, moves to another, and checks that everything ended as it should. */
async function expectMove(expect: ExpectStatic, system: System, { target, apis }: Move): Promise<void> {
  await createEffects(system.database)
  await system.post('/workflows', PARKED_CHILD)
  const [oldApi, oldWorkers] = [system.api, [...system.workers]]
  const before = await lifeOf(system)

  // The new side comes up, and has nothing to do: what is started there is done where the work is.
  const elsewhere = async () => ({ PORT: String(await freePort()) })
  await Promise.all([system.startWorker(target), ...(apis === 2 ? [system.startApi(await elsewhere())] : [])])
  const slow = system.api
  const newApi = await system.startApi({ ...target, ...(await elsewhere()) })
  const parked = await system.start(PARKED)
  await eventually(() => isParked(system, parked), PATIENCE)
  const began = stepOf(await system.read(parked), 'timer').started_at!
  const working = await Promise.all([1, 2, 3].map(() => system.start(WORKING)))
  for (const id of working) await system.executing(id, 's1')
  await expect(system.get('/ops/drift')).rejects.toThrow('409')
  expect(await lifeOf(system)).toBe(before)

  // The work moves when nobody of the old side leads any more. Steps that are executed there end there.
  await kill(oldApi)
  if (slow !== oldApi) await stop(slow)
  await eventually(async () => (await lifeOf(system)) !== before, PATIENCE)
  for (const id of working) await expectInTheMiddle(expect, system, id)
  await eventually(() => oldWorkers.every((worker) => says(worker, LEFT)), PATIENCE)
  await releaseEffects(system.database)
  await Promise.all(oldWorkers.map(stop))

  await answerAll(system, parked)
  for (const id of working) {
    const run = await system.ended(id)
    expect(new Set(Object.values(statusesOf(run)))).toEqual(new Set(['completed']))
    expect(disorder(run, WORKING)).toEqual([])
    expect(await effectsOf(system.database, id)).toEqual(EACH_ONCE)
  }
  const run = await system.ended(parked)
  expect({ status: run.status, statuses: new Set(Object.values(statusesOf(run))) }).toEqual({
    status: 'completed',
    statuses: new Set(['completed']),
  })
  expect(await effectsOf(system.database, parked)).toEqual(EFFECTS_OF_PARKED)
  expect(stepOf(run, 'timer').completed_at! - began).toBeGreaterThanOrEqual(6_000_000)
  expect(says(newApi, 'this process leads now')).toBe(true)
  await eventually(() => isAgreed(system), PATIENCE)
}

/** Goes back to the queue that was left, which still holds jobs of then, with a run that waits. */
async function expectReturn(expect: ExpectStatic, system: System): Promise<void> {
  const there = await lifeOf(system)
  const [api, worker] = [system.api, system.workers.at(-1)!]
  const id = await system.start({ name: 'returns', steps: [{ id: 'ask', type: 'approval' }, noop('after', ['ask'])] })
  await eventually(async () => (await system.read(id)).steps['ask']?.status === 'waiting', PATIENCE)
  await Promise.all([system.startApi(), system.startWorker()])
  await stop(api)
  await eventually(async () => (await lifeOf(system)) !== there, PATIENCE)
  await stop(worker)
  await system.post(`/runs/${id}/steps/ask/approve`, {})
  expect((await system.ended(id)).status).toBe('completed')
  await eventually(() => isAgreed(system), PATIENCE)
}

describe.concurrent('a fleet moves with its runs in flight, and nothing is lost or done twice,', () => {
  test('from one Redis to another', async ({ expect }) => {
    const [system, redis] = await Promise.all([startSystem({ workers: 1, env: ENV }), startPrivateRedis()])
    try {
      await expectMove(expect, system, { target: { REDIS_URL: redis.url }, apis: 2 })
    } finally {
      await system.stop()
      await redis.dispose()
    }
  })

  test('from Redis to Postgres, and back to the Redis that it has left', async ({ expect }) => {
    const system = await startSystem({ workers: 1, env: ENV })
    try {
      await expectMove(expect, system, { target: { QUEUE_BACKEND: 'postgres', REDIS_URL: '' }, apis: 1 })
      await expectReturn(expect, system)
    } finally {
      await system.stop()
    }
  })
})
