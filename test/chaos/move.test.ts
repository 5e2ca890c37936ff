import { describe, test, type ExpectStatic } from 'vitest'
import { freePort } from '../../src/dev/free-port.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { createEffects, EFFECT_ACTIONS, effectsOf } from '../support/effects.ts'
import { eventually } from '../support/eventually.ts'
import { answerAll, EFFECTS_OF_PARKED, isParked, PARKED, PARKED_CHILD } from '../support/parked-run.ts'
import type { TestProcess } from '../support/processes.ts'
import { disorder, statusesOf, stepOf } from '../support/run-record.ts'
import { startPrivateRedis } from '../support/servers.ts'
import { noop } from '../support/shapes.ts'
import { kill, startSystem, type System } from '../support/system.ts'

/** The fleet moves to another queue, process by process, with runs in flight, as docs/guides/moving-queues.md says. */

/** Ten steps of a second, each with an effect: the fleet moves in the middle of them. */
const WORKING: DefinitionInput = {
  name: 'working',
  steps: Array.from({ length: 10 }, (_, n) =>
    noop(`s${n}`, n === 0 ? [] : [`s${n - 1}`], { config: { action: 'effect', duration_seconds: 1 } }),
  ),
}
const EACH_ONCE = Object.fromEntries(WORKING.steps.map((step) => [step.id, 1]))
const SHORT: DefinitionInput = { name: 'short', steps: [noop('a')] }

const ENV = {
  SLUICE_ACTIONS: EFFECT_ACTIONS,
  RECONCILE_INTERVAL_MS: '500',
  LOCK_DURATION_MS: '3000',
  HEARTBEAT_MS: '500',
}
const PATIENCE = { timeoutMs: 30_000 }

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

/** Begins on one queue, moves to that of `target`, and checks that everything ended as it should. */
async function expectMove(
  expect: ExpectStatic,
  target: Record<string, string>,
  afterwards: (system: System) => Promise<void>,
): Promise<void> {
  const system = await startSystem({ workers: 2, env: ENV })
  try {
    await createEffects(system.database)
    await system.post('/workflows', PARKED_CHILD)
    const oldApis = [system.api, await system.startApi({ PORT: String(await freePort()) })]
    const oldWorkers = [...system.workers]
    const before = await lifeOf(system)

    // The new side comes up, and has nothing to do: what is started there is done where the work is.
    const newSide = { ...target, PORT: String(await freePort()) }
    await Promise.all([system.startWorker(target), system.startApi(newSide)])
    const newApi = system.api
    const parked = await system.start(PARKED)
    const working = await Promise.all([1, 2, 3].map(() => system.start(WORKING)))
    expect((await system.ended(await system.start(SHORT))).status).toBe('completed')
    await eventually(() => isParked(system, parked), PATIENCE)
    const began = stepOf(await system.read(parked), 'timer').started_at!
    for (const id of working) await system.executing(id, 's1')
    await expect(system.get('/ops/drift')).rejects.toThrow('409')
    expect(await lifeOf(system)).toBe(before)

    // The work moves when nobody of the old side leads any more; one of its processes is slow to go.
    const [slow, leader] = says(oldApis[0]!, 'this process leads now')
      ? [oldApis[1]!, oldApis[0]!]
      : (oldApis as [TestProcess, TestProcess])
    await kill(leader)
    // Whichever of the others leads now, nobody fetches the work back from the new side.
    await eventually(async () => (await lifeOf(system)) !== before || says(slow, 'this process leads now'), PATIENCE)
    if ((await lifeOf(system)) === before) await stop(slow)
    await eventually(async () => (await lifeOf(system)) !== before, PATIENCE)
    for (const id of working) await expectInTheMiddle(expect, system, id)
    await eventually(() => oldWorkers.every((worker) => says(worker, LEFT)), PATIENCE)
    await Promise.all(oldWorkers.map(stop))
    await stop(slow)

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
    await afterwards(system)
  } finally {
    await system.stop()
  }
}

describe.concurrent('a fleet moves with its runs in flight, and nothing is lost or done twice,', () => {
  test('from one Redis to another', async ({ expect }) => {
    const redis = await startPrivateRedis()
    try {
      await expectMove(expect, { REDIS_URL: redis.url }, () => Promise.resolve())
    } finally {
      await redis.dispose()
    }
  })

  test('from Redis to Postgres, and back to the Redis that it has left', async ({ expect }) => {
    await expectMove(expect, { QUEUE_BACKEND: 'postgres', REDIS_URL: '' }, async (system) => {
      const there = await lifeOf(system)
      const [api, worker] = [system.api, system.workers.at(-1)!]
      const id = await system.start({
        name: 'returns',
        steps: [{ id: 'ask', type: 'approval' }, noop('after', ['ask'])],
      })
      await eventually(async () => (await system.read(id)).steps['ask']?.status === 'waiting')
      await Promise.all([system.startApi(), system.startWorker()])
      await stop(api)
      await eventually(async () => (await lifeOf(system)) !== there, PATIENCE)
      await stop(worker)
      await system.post(`/runs/${id}/steps/ask/approve`, {})
      expect((await system.ended(id)).status).toBe('completed')
      await eventually(() => isAgreed(system), PATIENCE)
    })
  })
})
