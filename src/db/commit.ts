import { GOING_RUN_STATUSES, type RunStatus } from '../workflow/states.ts'
import { ENDED, finishedOf, TELL_ENDED, WAKE_PARENTS, type EndedRow, type Finished } from './run-end.ts'
import {
  applied,
  attemptColumns,
  byKey,
  FENCE,
  runsStarted,
  WORKER_LOST,
  type Applied,
  type AttemptKey,
  type Executor,
} from './fence.ts'

/** The batch statements by which attempts begin and steps complete. */

/** A result, ready to be stored. */
export interface StepResult {
  /** JSON text; null for no output. */
  output: string | null
  outputBytes: number | null
  branch: string | null
}

/** A step that completed. */
export interface Completion {
  key: AttemptKey
  result: StepResult
  /** Index of the step that the same job runs next, where the answer is to tell about it. */
  next?: number | null
  /** Where it is the run's only last step: how the run ends with it. */
  runCompletion?: RunCompletion | null
}

/** The end of a run whose steps all completed or were skipped; where one did not, the run's root job sees to it. */
export interface RunCompletion {
  /** The run's, as it was read. */
  epoch: number
  /** JSON text of the run's output. */
  output: string | null
}

/** What came of the commit of some results. */
export interface Completed {
  /** What was told with each that counted, by key. */
  done: Map<string, AtCommit>
  /** The runs that ended with them. */
  ended: Finished
}

/** How a run is at a moment. */
export interface RunMoment {
  runStatus: RunStatus
  epoch: number
  haltedBy: string | null
  /** Postgres's time of that, to the microsecond. */
  now: string
}

/** What the commit of a step tells of its run. */
export interface AtCommit {
  run: RunMoment
  /** Whether nobody has begun the step that was asked about: {@link Completion.next}. */
  isNextDue: boolean
}

/**
 * What an attempt takes over is looked at behind the row's lock, since it may commit just now; so the locks come before
 * everything that changes a row.
 */
const MARK_STARTED = `
WITH input AS (
  SELECT * FROM unnest($1::uuid[], $2::int[], $3::int[], $4::uuid[], $5::timestamptz[], $6::bool[])
    AS i(run_id, step_index, attempt, worker_id, started_at, starts_run)
), taken_over AS (
  SELECT s.run_id, s.step_index, s.attempt, s.worker_id, s.started_at
  FROM input i JOIN steps s ON s.run_id = i.run_id AND s.step_index = i.step_index
  WHERE s.status = 'running' AND s.attempt = i.attempt - 1
  FOR UPDATE OF s
), lost AS (
  INSERT INTO step_attempts (run_id, step_index, attempt, status, worker_id, started_at, completed_at, error)
  SELECT run_id, step_index, attempt, 'lost', worker_id, started_at, clock_timestamp(),
         ${WORKER_LOST}
  FROM taken_over
  ON CONFLICT DO NOTHING
), ${runsStarted('starts_run')}
UPDATE steps s SET status = 'running', attempt = i.attempt, worker_id = i.worker_id, started_at = i.started_at, retry_at = NULL
FROM input i, (SELECT count(*) FROM taken_over) AS locked
WHERE s.run_id = i.run_id AND s.step_index = i.step_index AND s.attempt = i.attempt - 1
  AND s.status IN ('pending', 'running', 'retrying')
  AND (s.retry_at IS NULL OR s.retry_at < i.started_at + interval '10 milliseconds')
RETURNING s.run_id || '.' || s.step_index AS key`

/**
 * Marks attempts as running, and the attempts that they take over as lost. One whose predecessor failed after all, and was to be
 * repeated later than this one began, does not count, and neither does one whose predecessor waits by now. Locks the steps' rows.
 */
export async function markStarted(db: Executor, keys: readonly AttemptKey[]): Promise<Applied> {
  const sorted = [...keys].sort(byKey)
  return applied(await db.batch('mark_started', MARK_STARTED, attemptColumns(sorted)))
}

const RESULTS =
  '$1::uuid[], $2::int[], $3::int[], $4::uuid[], $5::timestamptz[], $6::bool[], $7::text[], $8::int[], $9::text[]'
const COLUMNS = 'run_id, step_index, attempt, worker_id, started_at, starts_run, output, output_bytes, branch'

/** `kept`: what to return of a step besides its result. */
const completeDone = (kept: string) => `
done AS (
  UPDATE steps s SET status = 'completed', attempt = i.attempt, worker_id = i.worker_id, started_at = i.started_at,
    completed_at = clock_timestamp(), retry_at = NULL, branch = i.branch, output_bytes = i.output_bytes, error = NULL, reason = NULL,
    waiting_for = NULL, wake_at = NULL
  FROM input i
  WHERE ${FENCE}
  RETURNING s.run_id, s.step_index, i.output${kept}
), results AS (
  INSERT INTO step_results (run_id, step_index, output) SELECT run_id, step_index, output::json FROM done
)`

/**
 * The run is as it was when the statement began, like in any read that came just before the commit. It is joined from the
 * left, although it is always there, so that no plan begins with the runs.
 */
const TELL_RUN = `r.status AS "runStatus", r.epoch AS "runEpoch", r.halted_by AS "haltedBy", clock_timestamp()::text AS now`

const COMPLETE = `
WITH input AS (
  SELECT * FROM unnest(${RESULTS}) AS i(${COLUMNS})
), ${runsStarted('starts_run')}, ${completeDone('')}
SELECT d.run_id || '.' || d.step_index AS key, ${TELL_RUN}, false AS "isNextDue"
FROM done d LEFT JOIN runs r ON r.id = d.run_id`

const GOES_ON = `(${GOING_RUN_STATUSES.map((status) => `'${status}'`).join(', ')})`

/**
 * Besides, tells of the next steps, and ends runs. The other steps of a run that may end have settled before, or it does not end here.
 * Whether the run may end is asked for each alone: joined, or as EXISTS, a young database's plan looks through all unfinished runs.
 */
const COMPLETE_AND_MORE = `
WITH input AS MATERIALIZED (
  SELECT i.*, others.completed, others.skipped
  FROM unnest(${RESULTS}, $10::int[], $11::int[], $12::text[]) AS i(${COLUMNS}, next_index, ends_epoch, run_output)
  LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE o.status = 'completed') AS completed, count(*) FILTER (WHERE o.status = 'skipped') AS skipped
    FROM steps o
    WHERE i.ends_epoch IS NOT NULL AND o.run_id = i.run_id AND o.step_index <> i.step_index AND o.parent_index IS NULL
    HAVING i.ends_epoch IS NOT NULL AND bool_and(o.status IN ('completed', 'skipped')) IS NOT FALSE AND (
      SELECT r.epoch = i.ends_epoch AND r.status IN ${GOES_ON} AND r.compensation IS NULL FROM runs r WHERE r.id = i.run_id
    )
  ) others ON true
), ${runsStarted('starts_run AND completed IS NULL')}, ${completeDone(
  ', i.next_index, i.started_at, i.ends_epoch, i.run_output, i.completed, i.skipped',
)}, ended AS (
  UPDATE runs r SET status = 'completed', output = d.run_output::json, completed_at = clock_timestamp(),
    started_at = LEAST(r.started_at, d.started_at), steps_completed = d.completed + 1, steps_failed = 0, steps_skipped = d.skipped
  FROM (SELECT * FROM done WHERE completed IS NOT NULL ORDER BY run_id) d
  WHERE r.id = d.run_id AND r.epoch = d.ends_epoch AND r.status IN ${GOES_ON}
  RETURNING ${ENDED}
), ${WAKE_PARENTS}
SELECT d.run_id || '.' || d.step_index AS key, ${TELL_RUN}, n.run_id IS NOT NULL AS "isNextDue",
  NULL::uuid AS id, NULL::int AS "endedEpoch", NULL::uuid AS run, NULL AS step, NULL::int AS epoch, NULL::uuid AS "workflowId", NULL AS "concurrencyKey"
FROM done d
LEFT JOIN runs r ON r.id = d.run_id
LEFT JOIN steps n ON n.run_id = d.run_id AND n.step_index = d.next_index AND n.status = 'pending' AND n.attempt = 0
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, ${TELL_ENDED.columns}
FROM ended${TELL_ENDED.joins}`

/** A step that completed. */
type DoneRow = { key: string; runEpoch: number; isNextDue: boolean } & Omit<RunMoment, 'epoch'>

const atCommitOf = ({ runStatus, runEpoch, haltedBy, now, isNextDue }: DoneRow): AtCommit => ({
  run: { runStatus, epoch: runEpoch, haltedBy, now },
  isNextDue,
})

/**
 * Commits results: the state and the output of each step at once, and with the last one of a run its end. Locks the
 * steps' rows, and their runs' on the first and on the last.
 */
export async function completeSteps(db: Executor, items: readonly Completion[]): Promise<Completed> {
  const sorted = [...items].sort((a, b) => byKey(a.key, b.key))
  const columns = [
    ...attemptColumns(sorted.map(({ key }) => key)),
    sorted.map(({ result }) => result.output),
    sorted.map(({ result }) => result.outputBytes),
    sorted.map(({ result }) => result.branch),
  ]
  if (sorted.every((item) => (item.next ?? item.runCompletion ?? null) === null)) {
    const rows = await db.batch<DoneRow>('complete_steps', COMPLETE, columns)
    return { done: new Map(rows.map((row) => [row.key, atCommitOf(row)])), ended: finishedOf([]) }
  }
  const rows = await db.batch<DoneRow | ({ key: null } & EndedRow)>('complete_and_more', COMPLETE_AND_MORE, [
    ...columns,
    sorted.map((item) => item.next ?? null),
    sorted.map((item) => item.runCompletion?.epoch ?? null),
    sorted.map((item) => item.runCompletion?.output ?? null),
  ])
  const done = new Map<string, AtCommit>()
  const ended: EndedRow[] = []
  for (const row of rows) {
    if (row.key === null) ended.push(row)
    else done.set(row.key, atCommitOf(row))
  }
  return { done, ended: finishedOf(ended) }
}

/** Gives attempts back unfinished (a worker that shuts down): without an owner, anyone may take over at once. */
export async function releaseAttempts(db: Executor, keys: readonly AttemptKey[]): Promise<Applied> {
  const sorted = [...keys].sort(byKey)
  return applied(
    await db.batch(
      'release_attempts',
      `UPDATE steps s SET worker_id = NULL
       FROM unnest($1::uuid[], $2::int[], $3::int[], $4::uuid[]) AS i(run_id, step_index, attempt, worker_id)
       WHERE s.run_id = i.run_id AND s.step_index = i.step_index AND s.status = 'running'
         AND s.attempt = i.attempt AND s.worker_id = i.worker_id
       RETURNING s.run_id || '.' || s.step_index AS key`,
      attemptColumns(sorted).slice(0, 4),
    ),
  )
}

/**
 * Which of some attempts did commit, although the answer to their commit was lost (a broken connection): those whose
 * row has settled, or is retrying, by that very attempt.
 */
export async function findCommitted(db: Executor, keys: readonly AttemptKey[]): Promise<Applied> {
  return applied(
    await db.batch(
      'find_committed',
      `SELECT s.run_id || '.' || s.step_index AS key
       FROM unnest($1::uuid[], $2::int[], $3::int[], $4::uuid[]) AS i(run_id, step_index, attempt, worker_id)
       JOIN steps s ON s.run_id = i.run_id AND s.step_index = i.step_index
       WHERE s.attempt = i.attempt AND s.status NOT IN ('pending', 'running', 'waiting')
         AND (s.worker_id = i.worker_id OR s.worker_id IS NULL)`,
      attemptColumns(keys).slice(0, 4),
    ),
  )
}

/** How many attempts of a step before this one were lost with their workers, one after the other. Index: the primary key. */
export async function countLostInARow(db: Executor, { runId, stepIndex }: AttemptKey): Promise<number> {
  const rows = await db.batch<{ lost: number }>(
    'lost_in_a_row',
    `SELECT count(*)::int AS lost FROM step_attempts a
     WHERE a.run_id = $1::uuid AND a.step_index = $2::int AND a.status = 'lost' AND a.attempt > (
       SELECT COALESCE(max(o.attempt), 0) FROM step_attempts o
       WHERE o.run_id = a.run_id AND o.step_index = a.step_index AND o.status <> 'lost'
     )`,
    [runId, stepIndex],
  )
  return rows[0]!.lost
}
