import { getRun, type RunDetail } from '../db/run-queries.ts'
import { readWholeRun } from '../db/run-states.ts'
import { isUuid } from '../db/search.ts'
import { SluiceError } from '../errors.ts'
import type { Engine } from '../engine/engine.ts'
import type { NewlyStarted } from '../engine/start.ts'
import type { CompiledWorkflow } from '../workflow/compile.ts'
import { showRun, type RunView } from './schemas/run.ts'
import { showSteps } from './step-view.ts'

/** A run of an id. Throws `not_found`. */
export async function requireRun(engine: Engine, id: string): Promise<RunDetail> {
  return found(isUuid(id) ? await getRun(engine.db, id) : null, id)
}

/** A run as the API shows it, with its steps. Throws `not_found`. */
export async function readRun(engine: Engine, id: string): Promise<RunView> {
  const run = found(isUuid(id) ? await readWholeRun(engine.db, id) : null, id)
  return showRun(run, showSteps(await engine.versions.get(run.versionId), run.steps, run.childRuns))
}

function found<Run>(run: Run | null, id: string): Run {
  if (run === null) throw new SluiceError('not_found', `There is no run "${id}".`)
  return run
}

/** A run of a version as it was inserted, without a read: nothing has been done of it. */
export function showNewRun(
  workflow: CompiledWorkflow,
  { name, version }: { name: string; version: number },
  run: NewlyStarted,
): RunView {
  const { origin, parent, ...fields } = run
  const steps = workflow.steps.map(({ id, index }) => ({ ...NEW_STEP, stepId: id, stepIndex: index }))
  const detail: RunDetail = {
    ...NEW_RUN,
    ...fields,
    workflowName: name,
    workflowVersion: version,
    tags: [...run.tags],
    parentRunId: parent?.runId ?? null,
    rerunOf: origin.rerunOf ?? null,
    scheduleId: origin.scheduleId ?? null,
    webhookId: origin.webhookId ?? null,
  }
  return showRun(detail, showSteps(workflow, steps, new Map()))
}

const NEW_RUN = {
  status: 'queued',
  epoch: 1,
  error: null,
  output: null,
  compensation: null,
  startedAt: null,
  completedAt: null,
} as const

const NEW_STEP = {
  status: 'pending',
  attempt: 0,
  retryCount: 0,
  startedAt: null,
  completedAt: null,
  error: null,
  reason: null,
  outputBytes: null,
  waitingFor: null,
  parentIndex: null,
  itemIndex: null,
} as const
