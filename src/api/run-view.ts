import { getRun, listChildRuns, type RunDetail } from '../db/run-queries.ts'
import { isUuid } from '../db/search.ts'
import { listSteps } from '../db/step-queries.ts'
import { SluiceError } from '../errors.ts'
import type { Engine } from '../engine/engine.ts'
import { showRun, type RunView } from './schemas/run.ts'
import { showSteps } from './step-view.ts'

/** A run of an id. Throws `not_found`. */
export async function requireRun(engine: Engine, id: string): Promise<RunDetail> {
  const run = isUuid(id) ? await getRun(engine.db, id) : null
  if (run === null) throw new SluiceError('not_found', `There is no run "${id}".`)
  return run
}

/** A run as the API shows it, with its steps. Throws `not_found`. */
export async function readRun(engine: Engine, id: string): Promise<RunView> {
  const run = await requireRun(engine, id)
  const [workflow, rows, childRuns] = await Promise.all([
    engine.versions.get(run.versionId),
    listSteps(engine.db, run.id),
    listChildRuns(engine.db, run.id),
  ])
  return showRun(run, showSteps(workflow, rows, childRuns))
}
