import { describe, test, type ExpectStatic } from 'vitest'
import { startTcpProxy } from '../../chaos/tcp-proxy.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { BACKENDS } from '../support/contract.ts'
import { createEffects, EFFECT_ACTIONS, effectsOf } from '../support/effects.ts'
import { eventually, throughout } from '../support/eventually.ts'
import { isRunning } from '../support/processes.ts'
import { disorder, statusesOf } from '../support/run-record.ts'
import { noop } from '../support/shapes.ts'
import { kill, startSystem, type System, type SystemOptions } from '../support/system.ts'

/** Ten steps of half a second, each with an effect in Postgres. */
const definition: DefinitionInput = {
  name: 'through-an-outage',
  steps: Array.from({ length: 10 }, (_, n) =>
    noop(`s${n}`, n === 0 ? [] : [`s${n - 1}`], { config: { action: 'effect', duration_seconds: 0.5 } }),
  ),
}

const EACH_ONCE = Object.fromEntries(definition.steps.map((step) => [step.id, 1]))
/** Longer than the lock and the heartbeats, so that whoever gives up during an outage would do so. */
const OUTAGE_MS = 8_000

async function underWay(system: System, ids: readonly string[]): Promise<void> {
  await Promise.all(ids.map((id) => system.begun(id, 's2')))
}

/** The outage lasts, and no process gives up. */
async function last(expect: ExpectStatic, system: System): Promise<void> {
  await throughout(OUTAGE_MS, () => expectAllRunning(expect, system))
}

function expectAllRunning(expect: ExpectStatic, system: System): void {
  expect([system.api, ...system.workers].map(({ pid }) => isRunning(pid))).toEqual([true, true, true])
}

/** Runs go through `outage`; then they end as they should, with the processes that they began with. */
async function expectToSurvive(
  expect: ExpectStatic,
  options: SystemOptions,
  outage: (system: System) => Promise<void>,
): Promise<void> {
  const system = await startSystem({ ...options, env: { SLUICE_ACTIONS: EFFECT_ACTIONS } })
  try {
    await createEffects(system.database)
    const ids = await Promise.all([1, 2, 3].map(() => system.start(definition)))
    await underWay(system, ids)
    await outage(system)
    for (const id of ids) {
      const run = await system.ended(id)
      expect(run.status).toBe('completed')
      expect(new Set(Object.values(statusesOf(run)))).toEqual(new Set(['completed']))
      expect(disorder(run, definition)).toEqual([])
      expect(await effectsOf(system.database, id)).toEqual(EACH_ONCE)
    }
    expectAllRunning(expect, system)
    // New work is taken as before.
    expect((await system.ended(await system.start({ name: 'afterwards', steps: [noop('a')] }))).status).toBe(
      'completed',
    )
  } finally {
    await system.stop()
  }
}

describe.concurrent('work pauses and goes on by itself', () => {
  test('while Postgres is away', async ({ expect }) => {
    await expectToSurvive(expect, { own: ['postgres', 'redis'] }, async (system) => {
      await system.postgres.stop()
      await last(expect, system)
      await expect(system.get('/runs')).rejects.toThrow()
      await system.postgres.start()
    })
  })

  test('while Redis is away', async ({ expect }) => {
    await expectToSurvive(expect, { own: ['redis'] }, async (system) => {
      await system.redis.stop()
      await last(expect, system)
      await system.redis.start()
    })
  })

  test('while Redis stands still', async ({ expect }) => {
    await expectToSurvive(expect, { own: ['redis'] }, async (system) => {
      process.kill(system.redis.pid, 'SIGSTOP')
      await last(expect, system)
      process.kill(system.redis.pid, 'SIGCONT')
    })
  })

  test('while Postgres is away, where BullMQ runs on it too', async ({ expect }) => {
    await expectToSurvive(expect, { own: ['postgres'], backend: 'postgres' }, async (system) => {
      await system.postgres.stop()
      await last(expect, system)
      await system.postgres.start()
    })
  })

  test('runs that are started while Redis is away begin when it is back', async ({ expect }) => {
    const system = await startSystem({ own: ['redis'] })
    try {
      await system.redis.stop()
      const ids = await Promise.all([1, 2, 3].map((n) => system.start({ name: `waiting-${n}`, steps: [noop('a')] })))
      for (const id of ids) expect((await system.read(id)).status).toBe('queued')
      await system.redis.start({ empty: true })
      for (const id of ids) expect((await system.ended(id)).status).toBe('completed')
    } finally {
      await system.stop()
    }
  })
})

describe.concurrent.each(BACKENDS)('processes that hear nothing any more of Postgres, on %s', (backend) => {
  test('stop long before their deadline', async ({ expect }) => {
    const system = await startSystem({ backend, workers: 0 })
    const url = new URL(system.database.url)
    const way = await startTcpProxy(Number(url.port))
    url.port = String(way.port)
    try {
      await kill(system.api)
      const api = await system.startApi({ DATABASE_URL: url.href })
      const worker = await system.startWorker({ DATABASE_URL: url.href })
      await api.line(/this process leads now/)
      way.fallSilent()
      // Somebody asks Postgres, and gets no answer.
      await eventually(async () => (await fetch(`${system.origin}/ready`)).status === 503, { timeoutMs: 90_000 })
      for (const one of [api, worker]) one.signal('SIGTERM')
      for (const one of [api, worker]) {
        expect(await one.exited).toBe(1)
        expect(one.lines.join('\n')).not.toContain('did not stop in time')
      }
    } finally {
      await way.close()
      await system.stop()
    }
  })
})
