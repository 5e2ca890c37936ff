import type { CompensationStatus, RunStatus, StepStatus } from '../workflow/states.ts'
import type { WaitingFor } from '../workflow/waiting-for.ts'
import type { Database } from './client.ts'
import { DETAIL_COLUMNS, type RunDetail } from './run-queries.ts'
import type { StoredError } from './schema.ts'

/** What changes of runs and their steps, read for many runs at once and, of large runs, for the steps that changed only. */

/** What to read of a run: some of its steps, by index, or all of them (null). */
export interface RunStateQuery {
  runId: string
  steps: readonly number[] | null
}

/** What may change of a step, as lists of steps show it. */
export interface StepState {
  stepIndex: number
  stepId: string
  status: StepStatus
  attempt: number
  retryCount: number
  startedAt: Date | null
  completedAt: Date | null
  error: Pick<StoredError, 'message'> | null
  reason: string | null
  outputBytes: number | null
  waitingFor: WaitingFor | null
  parentIndex: number | null
  itemIndex: number | null
}

/** What may change of a run, payloads aside, with the steps that were asked for, as of one moment. */
export interface RunState {
  id: string
  status: RunStatus
  error: StoredError | null
  compensation: CompensationStatus | null
  startAt: Date | null
  deadlineAt: Date | null
  startedAt: Date | null
  completedAt: Date | null
  steps: StepState[]
  /** The newest child run of each step that started any. */
  childRuns: Map<number, string>
}

/** JSON has no dates. */
type Packed = Omit<StepState, 'startedAt' | 'completedAt'> & { startedAt: string | null; completedAt: string | null }

const STEP = `json_build_object('stepIndex', s.step_index, 'stepId', s.step_id, 'status', s.status, 'attempt', s.attempt, 'retryCount', s.retry_count,
  'startedAt', s.started_at, 'completedAt', s.completed_at, 
  'error', CASE WHEN s.error IS NOT NULL THEN json_build_object('message', s.error ->> 'message') END, 'reason', s.reason,
  'outputBytes', s.output_bytes, 'waitingFor', s.waiting_for, 'parentIndex', s.parent_index, 'itemIndex', s.item_index)`

/** A column of a run `r`: the newest child run of each step that started any. */
const CHILD_RUNS = `
  (SELECT json_object_agg(c.parent_step_index, c.id ORDER BY c.id) FROM runs c WHERE c.parent_run_id = r.id) AS "childRuns"`

const READ = `
SELECT r.id, r.status, r.error, r.compensation, r.start_at AS "startAt", r.deadline_at AS "deadlineAt",
  r.started_at AS "startedAt", r.completed_at AS "completedAt", s.steps, ${CHILD_RUNS}
FROM unnest($1::uuid[], $2::text[]) AS w(run_id, steps)
JOIN runs r ON r.id = w.run_id
CROSS JOIN LATERAL (
  SELECT json_agg(x.step ORDER BY x.step_index) AS steps FROM (
    SELECT s.step_index, ${STEP} AS step FROM steps s WHERE w.steps IS NULL AND s.run_id = w.run_id
    UNION ALL
    SELECT s.step_index, ${STEP} FROM steps s WHERE s.run_id = w.run_id AND s.step_index = ANY (w.steps::int[])
  ) AS x
) AS s`

const READ_WHOLE = `
SELECT ${DETAIL_COLUMNS}, ${CHILD_RUNS},
  (SELECT json_agg(${STEP} ORDER BY s.step_index) FROM steps s WHERE s.run_id = r.id) AS steps
FROM runs r JOIN workflows w ON w.id = r.workflow_id JOIN workflow_versions v ON v.id = r.version_id
WHERE r.id = $1`

/** What is read of the steps of a run, with its columns. */
interface PackedSteps {
  steps: Packed[] | null
  childRuns: Record<string, string> | null
}

/** A run with its payloads, its steps and its child runs, as of one moment. */
export type WholeRun = RunDetail & Pick<RunState, 'steps' | 'childRuns'>

/** One run with all that is shown of it; null if there is none. Indexes: the primary keys, runs_parent. Locks nothing. */
export async function readWholeRun(db: Database, id: string): Promise<WholeRun | null> {
  const [row] = await db.batch<RunDetail & PackedSteps & Record<string, unknown>>('read_whole_run', READ_WHOLE, [id])
  return row === undefined ? null : { ...row, ...unpackSteps(row) }
}

/**
 * States of runs, in any order; runs that there are not are left out. One statement, so that a run and its steps agree.
 * Indexes: runs_pkey, steps_pkey (a range for all steps of a run, a lookup for each of some), runs_parent. Locks nothing.
 */
export async function readRunStates(db: Database, queries: readonly RunStateQuery[]): Promise<RunState[]> {
  type Row = Omit<RunState, 'steps' | 'childRuns'> & PackedSteps
  const rows = await db.batch<Row & Record<string, unknown>>('read_run_states', READ, [
    queries.map((query) => query.runId),
    queries.map((query) => (query.steps === null ? null : `{${query.steps.join(',')}}`)),
  ])
  return rows.map((row) => ({ ...row, ...unpackSteps(row) }))
}

function unpackSteps({ steps, childRuns }: PackedSteps): Pick<RunState, 'steps' | 'childRuns'> {
  return {
    steps: (steps ?? []).map(unpack),
    childRuns: new Map(Object.entries(childRuns ?? {}).map(([index, id]) => [Number(index), id])),
  }
}

function unpack(step: Packed): StepState {
  return { ...step, startedAt: dateOf(step.startedAt), completedAt: dateOf(step.completedAt) }
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}
