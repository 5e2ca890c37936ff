import { LRUCache } from 'lru-cache'
import { findIdempotencyOwner, type IdempotencyKey } from '../db/runs.ts'
import { getLatestVersion, getWorkflow, type LatestVersion, type WorkflowRow } from '../db/workflows.ts'
import type { Engine } from '../engine/engine.ts'
import { refuseArchived } from '../engine/register.ts'
import { VersionMovedOn, type StartedVersion } from '../engine/start.ts'
import { SluiceError } from '../errors.ts'
import { WORKFLOW_NAME } from '../workflow/definition.ts'

/** Workflows as paths name them: by id or by name. */

/** A version that runs can be started of. */
export type RunnableVersion = Omit<LatestVersion, 'archivedAt'> & StartedVersion

/** Workflows whose latest version is remembered. */
const REMEMBERED = 1_000

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

/**
 * Starts runs of latest versions. Which one is the latest is remembered from the start before, and the insert itself makes sure that it
 * still is: that spares a read for each start.
 */
export class LatestVersions {
  private readonly engine: Engine
  private readonly remembered = new LRUCache<string, RunnableVersion>({ max: REMEMBERED })

  constructor(engine: Engine) {
    this.engine = engine
  }

  /**
   * What `start` makes of a workflow's latest version; `start` must start nothing where it throws, and may be called twice. Throws as
   * {@link requireRunnable} and `start` do.
   */
  async start<T>(
    { workflow, key }: { workflow: string; key?: IdempotencyKey | undefined },
    start: (version: RunnableVersion) => Promise<T>,
  ): Promise<T> {
    const known = this.remembered.get(workflow)
    if (known !== undefined) {
      try {
        return await start({ ...known, ifLatest: known.version })
      } catch (error) {
        // What a version refuses, the latest may accept.
        if (!(error instanceof VersionMovedOn || error instanceof SluiceError)) throw error
        this.remembered.delete(workflow)
      }
    }
    const latest = await requireRunnable(this.engine, workflow, key)
    const started = await start(latest)
    this.remembered.set(workflow, latest)
    return started
  }
}

async function findOrThrow<T>(idOrName: string, find: () => Promise<T | null>): Promise<T> {
  // Ids have the form of a name, too; what has not is no workflow, and need not be a text that Postgres can read.
  const found = WORKFLOW_NAME.test(idOrName) ? await find() : null
  if (found === null) throw new SluiceError('not_found', `There is no workflow "${idOrName}".`)
  return found
}
