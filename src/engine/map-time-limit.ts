import type { Database } from '../db/client.ts'
import { cancelItems, lockRun, type ControlledRun } from '../db/controls.ts'
import { isOverdueMap } from '../db/park.ts'
import { raiseEpochs } from '../db/runs.ts'
import { goesOn } from '../workflow/states.ts'
import { sendAborts } from './abort.ts'
import { cancelTrees, followCancel } from './cancel.ts'
import { controlled, dispatchControlled } from './control.ts'
import type { Engine } from './engine.ts'

/**
 * The time limit of a map. Its job waits below those of its items and comes up when all of them are through, so it is the
 * leader that looks at the time, once a tick. It abandons the items and dispatches the run anew: then the map's job comes
 * up, finds them abandoned, and fails.
 */

/** A map, in its run. */
interface MapPlace {
  runId: string
  stepIndex: number
}

/** What was cancelled with the items of a map. */
interface Abandoned {
  /** Indexes of the items that had not settled. */
  steps: number[]
  /** Of these, the child runs and all below, as they were before. */
  cancelled: ControlledRun[]
}

/** Abandons what is left of a map whose time is up, by a job of its own that was begun under `epoch`. */
export async function abandonItems(engine: Engine, map: MapPlace, epoch: number): Promise<void> {
  const abandoned = await controlled(engine, (batch) => cancelRest(batch, map))
  follow(engine, { run: map.runId, epoch: epoch + 1 }, abandoned)
}

/** Abandons what is left of a map whose time is up, wherever its job may be; one that has settled meanwhile is left alone. */
export async function abandonOverdueMap(engine: Engine, map: MapPlace): Promise<void> {
  const abandoned = await controlled(engine, async (batch) => {
    const run = await lockRun({ batch }, map.runId)
    if (run === null || !goesOn(run.status) || !(await isOverdueMap({ batch }, map))) return null
    const rest = await cancelRest(batch, map)
    if (rest.steps.length === 0) return null
    await raiseEpochs({ batch }, [run.id], null)
    return { ...rest, run }
  })
  if (abandoned === null) return
  const { run } = abandoned
  follow(engine, { run: run.id, epoch: run.epoch + 1 }, abandoned)
  engine.changes.whole([run.id])
  dispatchControlled(engine, [run])
}

async function cancelRest(batch: Database['batch'], map: MapPlace): Promise<Abandoned> {
  const items = await cancelItems({ batch }, map, 'its map timed out')
  return { steps: items.steps, cancelled: await cancelTrees(batch, items.childRuns) }
}

function follow(engine: Engine, begunBefore: { run: string; epoch: number }, { steps, cancelled }: Abandoned): void {
  sendAborts(engine, [{ ...begunBefore, steps }])
  followCancel(engine, cancelled)
}
