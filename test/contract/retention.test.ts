import { expect, test } from 'vitest'
import { describeOnEachBackend } from '../support/contract.ts'
import { eventually } from '../support/eventually.ts'
import { chain, noop } from '../support/shapes.ts'

const KEPT = 10

describeOnEachBackend({ keepJobs: KEPT, reconcileIntervalMs: 100 }, (engine) => {
  test('finished jobs leave the queue, but for the newest', async () => {
    await engine().run({ ...chain('many-jobs', 40), sequencing: 'step' })
    const failing = noop('a', [], { config: { duration_seconds: 0, fail_probability: 1 } })
    for (let count = 0; count < 15; count += 1) await engine().run({ name: 'one-failed-job', steps: [failing] })
    await eventually(async () => {
      const { runs, gates, 'steps-default': steps } = await engine().engine.queue.depths(['default'])
      expect(runs).toMatchObject({ completed: KEPT, 'waiting-children': 0, waiting: 0, prioritized: 0 })
      expect(steps).toMatchObject({ completed: KEPT, failed: KEPT, 'waiting-children': 0, waiting: 0, prioritized: 0 })
      expect(gates).toMatchObject({ waiting: 0, completed: 0 })
    })
  })
})
