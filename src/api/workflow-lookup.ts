import { findIdempotencyOwner } from '../db/runs.ts'
import { getLatestVersion, getWorkflow, type LatestVersion, type WorkflowRow } from '../db/workflows.ts'
import type { Engine } from '../engine/engine.ts'
import { refuseArchived } from '../engine/register.ts'
import type { IdempotencyKey } from '../engine/start.ts'
import { SluiceError } from '../errors.ts'
import { WORKFLOW_NAME } from '../workflow/definition.ts'

/** Workflows as paths name them: by id or by name. */

/** A version that runs can be started of. */
export type RunnableVersion = Omit<LatestVersion, 'archivedAt'>

/** The workflow of an id or a name. Throws `not_found`. */
export function requireWorkflow(engine: Engine, idOrName: string): Promise<WorkflowRow> {
  return findOrThrow(idOrName, () => getWorkflow(engine.db, idOrName))
}

/**
 * The version that new runs of a workflow get, by its id or name. Throws `not_found`, and `conflict` where the workflow is
 * archived, unless the idempotency key has a run already.
 */
export async function requireRunnable(
  engine: Engine,
  idOrName: string,
  key?: IdempotencyKey,
): Promise<RunnableVersion> {
  const found = await findOrThrow(idOrName, () => getLatestVersion(engine.db, idOrName))
  if (found.archivedAt === null) return found
  const owner = key && (await findIdempotencyOwner(engine.db, found.workflowId, key.key))
  if (!owner) refuseArchived(found)
  return found
}

async function findOrThrow<T>(idOrName: string, find: () => Promise<T | null>): Promise<T> {
  // Ids have the form of a name, too; what has not is no workflow, and need not be a text that Postgres can read.
  const found = WORKFLOW_NAME.test(idOrName) ? await find() : null
  if (found === null) throw new SluiceError('not_found', `There is no workflow "${idOrName}".`)
  return found
}
