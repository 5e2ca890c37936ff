import { test } from 'vitest'
import { createEffects, EFFECT_ACTIONS, effectsOf } from '../support/effects.ts'
import { eventually } from '../support/eventually.ts'
import { disorder, statusesOf } from '../support/run-record.ts'
import { lattice } from '../support/shapes.ts'
import { kill, startSystem } from '../support/system.ts'
import type { TestDatabase } from '../support/test-database.ts'

const RUNS = 40
const KILLS = 6

/** Each of 30 steps has an effect, and takes long enough that every kill hits steps in every state, however fast the machine. */
const definition = {
  name: 'storm',
  steps: lattice('storm', { layers: 5, width: 6, reach: 3 }).steps.map((step) => ({
    ...step,
    config: { action: 'effect', duration_seconds: 0.3 },
  })),
}
const EACH_ONCE = Object.fromEntries(definition.steps.map((step) => [step.id, 1]))

/** Whether Postgres knows the process as the owner of a running step. */
async function runsSteps(database: TestDatabase, pid: number): Promise<boolean> {
  const rows = await database.query(RUNS_STEPS, [pid])
  return rows.length > 0
}

const RUNS_STEPS = `SELECT 1 FROM steps s JOIN workers w ON w.id = s.worker_id WHERE s.status = 'running' AND w.pid = $1 LIMIT 1`

test.concurrent.for(['redis', 'postgres'] as const)(
  'runs on %s end in order, with each effect once, while workers are killed one after the other',
  async (backend, { expect }) => {
    const system = await startSystem({
      backend,
      env: { SLUICE_ACTIONS: EFFECT_ACTIONS, LOCK_DURATION_MS: '1000', HEARTBEAT_MS: '300', WORKER_CONCURRENCY: '20' },
    })
    try {
      await createEffects(system.database)
      const ids = await Promise.all(Array.from({ length: RUNS }, () => system.start(definition)))
      await eventually(() => runsSteps(system.database, system.workers[0]!.pid), { timeoutMs: 90_000 })
      for (let count = 0; count < KILLS; count += 1) {
        await kill(system.workers[count]!)
        await system.startWorker()
      }
      let takenOver = 0
      for (const id of ids) {
        const run = await system.ended(id)
        const effects = await effectsOf(system.database, id)
        const statuses = [...new Set(Object.values(statusesOf(run)))]
        expect({ status: run.status, statuses, disorder: disorder(run, definition), effects }).toEqual({
          status: 'completed',
          statuses: ['completed'],
          disorder: [],
          effects: EACH_ONCE,
        })
        takenOver += Object.values(run.steps).filter((step) => step.attempt > 1).length
      }
      // Else nothing was hit, and the test shows nothing.
      expect(takenOver).toBeGreaterThan(0)
    } finally {
      await system.stop()
    }
  },
)
