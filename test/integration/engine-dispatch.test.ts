import { v7 as uuidv7 } from 'uuid'
import { expect, test, vi } from 'vitest'
import { insertRuns } from '../../src/db/runs.ts'
import { newRunOf } from '../support/new-run.ts'
import { registerWorkflow } from '../../src/engine/register.ts'
import type { Json } from '../../src/workflow/definition.ts'
import { describeOnEachBackend } from '../support/contract.ts'
import { eventually, throughout } from '../support/eventually.ts'
import { disorder } from '../support/run-record.ts'
import { chain, lattice } from '../support/shapes.ts'
import type { TestEngine } from '../support/test-engine.ts'

/** Inserts a run as a process does that crashes before it has told the queue. */
async function insertOnly(engine: TestEngine, name: string, queueToken: string | null): Promise<string> {
  const definition = chain(name, 3)
  const { workflow, version } = await registerWorkflow(engine.engine, definition as Json)
  const id = uuidv7()
  await insertRuns(
    engine.engine.db,
    [newRunOf({ id, workflowId: workflow.id, versionId: version.id, queueToken })],
    definition.steps.map((step) => step.id),
  )
  return id
}

describeOnEachBackend({}, (engine) => {
  test('a run that was inserted and never enqueued is dispatched', async () => {
    const id = await insertOnly(engine(), 'never-enqueued', engine().engine.queueLife.token)
    const run = await engine().ended(id)
    expect(run).toMatchObject({ status: 'completed', epoch: 2 })
  })

  test('a run of a former life of the queue is dispatched at once', async () => {
    const id = await insertOnly(engine(), 'former-life', uuidv7())
    const run = await engine().ended(id, { timeoutMs: 3_000 })
    expect(run.status).toBe('completed')
  })

  test('a run that the queue did not take is dispatched as soon as it does', async () => {
    const add = vi.spyOn(engine().engine.queue, 'addFlows').mockRejectedValueOnce(new Error('the queue is full'))
    const run = await engine().run(chain('refused', 3), {}, { timeoutMs: 3_000 })
    expect(run).toMatchObject({ status: 'completed', epoch: 2 })
    expect(add).toHaveBeenCalledTimes(2)
    add.mockRestore()
  })

  test('a run that takes long to be added is not dispatched a second time', async () => {
    let proceed = () => {}
    const held = new Promise<void>((resolve) => (proceed = resolve))
    const queue = engine().engine.queue
    const addFlows = queue.addFlows.bind(queue)
    const add = vi.spyOn(queue, 'addFlows').mockImplementation(async (specs) => {
      await held
      return addFlows(specs)
    })
    const id = await engine().start(lattice('slow-add', { layers: 3, width: 3, reach: 2 }))
    await throughout(6_000, () => expect(add).toHaveBeenCalledTimes(1))
    proceed()
    const run = await engine().ended(id)
    expect(run).toMatchObject({ status: 'completed', epoch: 1 })
    add.mockRestore()
  })

  test('a run that is dispatched again and again while it runs is still run once', async () => {
    const definition = lattice('redispatched', { layers: 4, width: 5, reach: 3 })
    const slow = {
      ...definition,
      steps: definition.steps.map((step) => ({ ...step, config: { duration_seconds: 0.7 } })),
    }
    const id = await engine().start(slow)
    await eventually(async () => (await engine().read(id)).status === 'running')
    for (let count = 0; count < 3; count += 1) {
      await engine().database.query('UPDATE runs SET queue_token = NULL WHERE id = $1', [id])
      await eventually(async () => (await engine().read(id)).epoch > count + 1)
    }
    const run = await engine().ended(id)
    expect(run.status).toBe('completed')
    expect(disorder(run, slow)).toEqual([])
    expect(Object.values(run.steps).filter((step) => step.attempt !== 1)).toEqual([])
  })
})
