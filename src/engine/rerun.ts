import { getRun } from '../db/run-queries.ts'
import type { IdempotencyKey } from '../db/runs.ts'
import { isUuid } from '../db/search.ts'
import { getWorkflow } from '../db/workflows.ts'
import { SluiceError } from '../errors.ts'
import type { Json } from '../workflow/definition.ts'
import type { Engine } from './engine.ts'
import { refuseArchived } from './register.ts'
import { findStarted, startRuns, type Started } from './start.ts'

/**
 * Starts a new run of the version of another, with its context, tags, priority and order, and its input unless another is
 * given; with a key, unless an earlier request has. Throws `not_found`, `conflict` where the workflow is archived, and what
 * starting a run throws.
 */
export async function rerunRun(
  engine: Engine,
  id: string,
  { input, key }: { input?: Json | undefined; key?: IdempotencyKey | undefined },
): Promise<Started> {
  const run = isUuid(id) ? await getRun(engine.db, id) : null
  const workflow = run === null ? null : await getWorkflow(engine.db, run.workflowId)
  if (run === null || workflow === null) throw new SluiceError('not_found', `There is no run "${id}".`)
  const before = key && (await findStarted(engine, workflow.id, key))
  if (before) return before
  refuseArchived(workflow)
  const request = {
    input: input === undefined ? run.input : input,
    context: run.context ?? undefined,
    orderId: run.orderId ?? undefined,
    tags: run.tags,
    priority: run.priority ?? undefined,
    origin: { rerunOf: run.id },
  }
  return startRuns(engine, { id: run.versionId, workflowId: run.workflowId }, [request], key)
}
