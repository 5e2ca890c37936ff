import type { Json } from '../workflow/definition.ts'
import type { RunStatus, StepStatus } from '../workflow/states.ts'
import type { WaitingFor } from '../workflow/waiting-for.ts'
import type { Database } from './client.ts'
import type { RunMoment } from './commit.ts'

/** What never changes about a run: read once a worker, then cached. */
export interface RunConstants {
  id: string
  workflowId: string
  versionId: string
  workflowName: string
  input: Json
  context: Json
  orderId: string | null
  /** How many parents the run has above it. */
  depth: number
  /** Of its jobs, 0 to 9; null: that of each step. */
  priority: number | null
}

const CONSTANTS = `r.id, r.workflow_id AS "workflowId", r.version_id AS "versionId", w.name AS "workflowName",
  r.input, r.context, r.order_id AS "orderId", r.depth, r.priority`

/** Reads what never changes about runs. Index: runs_pkey. Locks nothing. */
export async function readRunConstants(db: Database, runIds: readonly string[]): Promise<Map<string, RunConstants>> {
  const rows = await db.batch<RunConstants>(
    'run_constants',
    `SELECT ${CONSTANTS} FROM runs r JOIN workflows w ON w.id = r.workflow_id WHERE r.id = ANY($1::uuid[])`,
    [runIds],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** Which step to read, and which of the run's other steps its decision and its bindings look at. */
export interface ActivationQuery {
  runId: string
  stepIndex: number
  dependencies: readonly number[]
  needs: readonly number[]
}

/** All that the decision about one step looks at, as of one instant in Postgres. */
export interface ActivationRow {
  runStatus: RunStatus
  epoch: number
  haltedBy: string | null
  status: StepStatus
  attempt: number
  retryCount: number
  /** Milliseconds until the step may be tried again; null if it is not retrying. */
  retryInMs: number | null
  workerId: string | null
  /** Milliseconds since the owner's last heartbeat; null without an owner, or when it has stopped. */
  ownerSilentMs: number | null
  /** Begin of the newest attempt, to the microsecond. */
  startedAt: string | null
  /** What a parked step waits for; null for any other. */
  waitingFor: WaitingFor | null
  /** Milliseconds until a parked step is to be looked at; null: it has no time. */
  wakeInMs: number | null
  /** Postgres's time of this read, to the microsecond: the attempt's `started_at`. */
  now: string
  /** In the order of the query's `dependencies`. */
  dependencies: { status: StepStatus; branch: string | null }[]
  /** In the order of the query's `needs`. */
  needs: { status: StepStatus; output: Json; error: string | null }[]
}

/**
 * Reads many steps with their dependencies in one statement; null for a step that does not exist (its run was
 * deleted). Indexes: the primary keys of runs, steps, workers and step_results. Locks nothing.
 */
export async function readActivations(
  db: Database,
  queries: readonly ActivationQuery[],
): Promise<(ActivationRow | null)[]> {
  const rows = await db.batch<RawActivation>('activations', ACTIVATIONS, [
    queries.map((query) => query.runId),
    queries.map((query) => query.stepIndex),
    queries.map((query) => `{${query.dependencies.join(',')}}`),
    queries.map((query) => `{${query.needs.join(',')}}`),
  ])
  const result = new Array<ActivationRow | null>(queries.length).fill(null)
  for (const row of rows) {
    const { ord, depStatuses, depBranches, needRows } = row
    const dependencies = (depStatuses ?? []).map((status, index) => ({ status, branch: depBranches?.[index] ?? null }))
    result[Number(ord) - 1] = rowOf(row, { dependencies, needs: needRows ?? [] })
  }
  return result
}

/** What is read of a step itself, and of its run. */
type StepState = Omit<ActivationRow, 'dependencies' | 'needs'>

/** Spelt out: V8 takes microseconds to spread so much, and as long for the rest of a row. */
function rowOf(
  state: StepState,
  { dependencies, needs }: Pick<ActivationRow, 'dependencies' | 'needs'>,
): ActivationRow {
  return {
    runStatus: state.runStatus,
    epoch: state.epoch,
    haltedBy: state.haltedBy,
    status: state.status,
    attempt: state.attempt,
    retryCount: state.retryCount,
    retryInMs: state.retryInMs,
    workerId: state.workerId,
    ownerSilentMs: state.ownerSilentMs,
    startedAt: state.startedAt,
    waitingFor: state.waitingFor,
    wakeInMs: state.wakeInMs,
    now: state.now,
    dependencies,
    needs,
  }
}

interface RawActivation extends StepState {
  ord: string
  depStatuses: StepStatus[] | null
  depBranches: (string | null)[] | null
  needRows: ActivationRow['needs'] | null
}

/** {@link RunMoment} of the run `r`. */
const RUN_STATE = `r.status AS "runStatus", r.epoch, r.halted_by AS "haltedBy", clock_timestamp()::text AS now`

/** Of the run `r` and its step `s`. */
const STATE = `${RUN_STATE},
       s.status, s.attempt, s.retry_count AS "retryCount",
       extract(epoch FROM s.retry_at - clock_timestamp())::float8 * 1000 AS "retryInMs",
       s.worker_id AS "workerId",
       CASE WHEN s.worker_id IS NULL THEN NULL ELSE (
         SELECT extract(epoch FROM clock_timestamp() - w.heartbeat_at)::float8 * 1000
         FROM workers w WHERE w.id = s.worker_id AND w.stopped_at IS NULL) END AS "ownerSilentMs",
       s.started_at::text AS "startedAt", s.waiting_for AS "waitingFor",
       extract(epoch FROM s.wake_at - clock_timestamp())::float8 * 1000 AS "wakeInMs"`

const ACTIVATIONS = `
SELECT i.ord, ${STATE}, d.statuses AS "depStatuses", d.branches AS "depBranches", n.rows AS "needRows"
FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[]) WITH ORDINALITY AS i(run_id, step_index, deps, needs, ord)
JOIN runs r ON r.id = i.run_id
JOIN steps s ON s.run_id = i.run_id AND s.step_index = i.step_index
LEFT JOIN LATERAL (
  SELECT array_agg(x.status::text ORDER BY k.ord) AS statuses, array_agg(x.branch ORDER BY k.ord) AS branches
  FROM unnest(i.deps::int[]) WITH ORDINALITY AS k(step_index, ord)
  JOIN steps x ON x.run_id = i.run_id AND x.step_index = k.step_index
) d ON i.deps <> '{}'
LEFT JOIN LATERAL (
  SELECT json_agg(json_build_object('status', x.status, 'output', o.output, 'error', x.error ->> 'message') ORDER BY k.ord) AS rows
  FROM unnest(i.needs::int[]) WITH ORDINALITY AS k(step_index, ord)
  JOIN steps x ON x.run_id = i.run_id AND x.step_index = k.step_index
  LEFT JOIN step_results o ON o.run_id = i.run_id AND o.step_index = k.step_index
) n ON i.needs <> '{}'`

/** A run that a worker has not seen yet, with the step by which it meets it. */
export interface Beginning {
  run: RunConstants
  /** The step, without dependencies and needs; null for one that is not at the head of the definition. */
  row: ActivationRow | null
}

/** Steps that most runs begin with have an index below this. */
const HEAD = 8

/**
 * Reads runs and the steps that they begin with at once; null for a run that does not exist. Indexes: the primary keys of
 * runs, steps and workers. Locks nothing.
 */
export async function readBeginnings(
  db: Database,
  queries: readonly { runId: string; stepId: string }[],
): Promise<(Beginning | null)[]> {
  const rows = await db.batch<RawBeginning>(
    'beginnings',
    `SELECT i.ord, ${CONSTANTS}, ${STATE}
     FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS i(run_id, step_id, ord)
     JOIN runs r ON r.id = i.run_id JOIN workflows w ON w.id = r.workflow_id
     LEFT JOIN steps s ON s.run_id = r.id AND s.step_index < ${HEAD} AND s.step_id = i.step_id`,
    [queries.map((query) => query.runId), queries.map((query) => query.stepId)],
  )
  const result = new Array<Beginning | null>(queries.length).fill(null)
  for (const row of rows) {
    const { ord, id, workflowId, versionId, workflowName, input, context, orderId, depth, priority } = row
    result[Number(ord) - 1] = {
      run: { id, workflowId, versionId, workflowName, input, context, orderId, depth, priority },
      row: row.status === null ? null : rowOf(row, { dependencies: [], needs: [] }),
    }
  }
  return result
}

type RawBeginning = RunConstants & { ord: string } & (StepState | { status: null })

/** Which of some steps of some runs have not settled. */
export async function readUnsettled(
  db: Database,
  pairs: readonly { runId: string; stepIndex: number }[],
): Promise<Set<string>> {
  const rows = await db.batch<{ runId: string; stepIndex: number }>(
    'unsettled',
    `SELECT s.run_id AS "runId", s.step_index AS "stepIndex"
     FROM unnest($1::uuid[], $2::int[]) AS i(run_id, step_index)
     JOIN steps s ON s.run_id = i.run_id AND s.step_index = i.step_index
     WHERE s.status NOT IN ('completed', 'failed', 'skipped', 'cancelled')`,
    [pairs.map((pair) => pair.runId), pairs.map((pair) => pair.stepIndex)],
  )
  return new Set(rows.map((row) => stepKey(row.runId, row.stepIndex)))
}

/**
 * Of runs of which some steps all have settled, how they are now, in the order of the queries; null where one has not settled.
 * Looks from the last step backwards, since that mostly settles last, and no further than the first that has not. Index: the
 * primary keys. Locks nothing.
 */
export async function readIfSettled(
  db: Database,
  queries: readonly { runId: string; steps: readonly number[] }[],
): Promise<(RunMoment | null)[]> {
  const rows = await db.batch<RunMoment & { ord: string }>(
    'read_if_settled',
    `SELECT i.ord, ${RUN_STATE}
     FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS i(run_id, steps, ord) JOIN runs r ON r.id = i.run_id
     WHERE (
       SELECT s.step_index FROM steps s
       WHERE s.run_id = i.run_id AND s.step_index = ANY(i.steps::int[])
         AND s.status NOT IN ('completed', 'failed', 'skipped', 'cancelled')
       ORDER BY s.step_index DESC LIMIT 1
     ) IS NULL`,
    [queries.map((query) => query.runId), queries.map((query) => `{${query.steps.join(',')}}`)],
  )
  const runs = new Array<RunMoment | null>(queries.length).fill(null)
  for (const { ord, ...run } of rows) runs[Number(ord) - 1] = run
  return runs
}

/** One step of one run, as a key of maps and sets. */
export function stepKey(runId: string, stepIndex: number): string {
  return `${runId}.${stepIndex}`
}
