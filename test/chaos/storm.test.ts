import { expect, test } from 'vitest'
import { createEffects, EFFECT_ACTIONS, effectsOf } from '../support/effects.ts'
import { disorder, statusesOf } from '../support/run-record.ts'
import { lattice } from '../support/shapes.ts'
import { kill, startSystem } from '../support/system.ts'

const RUNS = 40
const KILLS = 6

/** Each of 30 steps has an effect, and takes 50 ms, so that a kill hits steps in every state. */
const definition = {
  name: 'storm',
  steps: lattice('storm', { layers: 5, width: 6, reach: 3 }).steps.map((step) => ({
    ...step,
    config: { action: 'effect', duration_seconds: 0.05 },
  })),
}
const EACH_ONCE = Object.fromEntries(definition.steps.map((step) => [step.id, 1]))

test.each(['redis', 'postgres'] as const)(
  'runs on %s end in order, with each effect once, while workers are killed one after the other',
  async (backend) => {
    const system = await startSystem({
      backend,
      env: { SLUICE_ACTIONS: EFFECT_ACTIONS, LOCK_DURATION_MS: '1000', HEARTBEAT_MS: '300', WORKER_CONCURRENCY: '20' },
    })
    try {
      await createEffects(system.database)
      const ids = await Promise.all(Array.from({ length: RUNS }, () => system.start(definition)))
      for (let count = 0; count < KILLS; count += 1) {
        await system.startWorker()
        await kill(system.workers[count]!)
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
