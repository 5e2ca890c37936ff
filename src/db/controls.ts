import type { RunStatus } from '../workflow/states.ts'
import type { Database } from './client.ts'
import type { StoredError } from './schema.ts'

/**
 * Statements by which operators change runs. Each control locks the rows of its runs first, in the order of their ids, so
 * that of two that meet the second sees what the first has done; and raises the epoch of the runs that it changes, so that
 * no job of theirs does anything any more. Without a token of the queue the reconciler dispatches them, should the process
 * not get to it.
 */

type Executor = Pick<Database, 'batch'>

/** A run as a control finds it. */
export interface ControlledRun {
  id: string
  /** Before the control. */
  status: RunStatus
  epoch: number
  versionId: string
  isAdmitted: boolean
  isCompensated: boolean
  /** Whether its time is up by now; not once it is being undone. */
  isOverdue: boolean
  workflowId: string
  /** Null: no concurrency limit applies. */
  concurrencyKey: string | null
}

const LOCKED = `r.id, r.status, r.epoch, r.version_id AS "versionId", r.admitted_at IS NOT NULL AS "isAdmitted",
  r.compensation IS NOT NULL AS "isCompensated",
  (r.deadline_at <= clock_timestamp() AND r.compensation IS NULL) IS TRUE AS "isOverdue", r.workflow_id AS "workflowId", r.concurrency_key AS "concurrencyKey"`

/**
 * Locks runs and all of their descendants. A child run begins under the lock of its parent, so once a second look finds no
 * more than the first, there are no others. Index: runs_parent.
 */
export async function lockTrees(db: Executor, ids: readonly string[]): Promise<ControlledRun[]> {
  let found = await lockTreesOnce(db, ids)
  for (;;) {
    const again = await lockTreesOnce(db, ids)
    if (again.length === found.length) return again
    found = again
  }
}

async function lockTreesOnce(db: Executor, ids: readonly string[]): Promise<ControlledRun[]> {
  return db.batch<ControlledRun & Record<string, unknown>>(
    'lock_run_trees',
    `WITH RECURSIVE tree AS (
       SELECT unnest($1::uuid[]) AS id
       UNION SELECT c.id FROM runs c JOIN tree t ON c.parent_run_id = t.id
     )
     SELECT ${LOCKED} FROM runs r WHERE r.id IN (SELECT id FROM tree) ORDER BY r.id FOR UPDATE OF r`,
    [ids],
  )
}

/** Locks one run; null if there is none. */
export async function lockRun(db: Executor, id: string): Promise<ControlledRun | null> {
  const rows = await db.batch<ControlledRun & Record<string, unknown>>(
    'lock_controlled_run',
    `SELECT ${LOCKED} FROM runs r WHERE r.id = $1::uuid FOR UPDATE`,
    [id],
  )
  return rows[0] ?? null
}

/**
 * Begins to cancel locked runs. Their steps that nobody runs are cancelled at once, items of maps even where somebody
 * does (nothing else would wait for those); what compensates goes on.
 */
export async function beginCancel(
  db: Executor,
  ids: readonly string[],
  stopError: StoredError | null,
  reason: string,
): Promise<void> {
  await db.batch(
    'cancel_runs',
    `UPDATE runs SET status = 'cancelling', epoch = epoch + 1, queue_token = NULL, stop_error = $2::json,
       admitted_at = COALESCE(admitted_at, now())
     WHERE id = ANY($1::uuid[])`,
    [ids, stopError === null ? null : JSON.stringify(stopError)],
  )
  await db.batch('cancel_steps', CANCEL_STEPS, [ids, reason])
  await voidApprovals(db, ids, null)
}

/** Cancels the steps that `due` finds ($2: the reason), and keeps the attempts that were under way or waited. */
const cancelDue = (due: string) => `
WITH due AS (${due}
), done AS (
  UPDATE steps s SET status = 'cancelled', completed_at = clock_timestamp(), reason = $2, waiting_for = NULL, wake_at = NULL, retry_at = NULL
  FROM due WHERE s.run_id = due.run_id AND s.step_index = due.step_index
  RETURNING s.run_id, s.step_index, s.attempt, s.worker_id, s.started_at, s.completed_at, due.status
)
INSERT INTO step_attempts (run_id, step_index, attempt, status, worker_id, started_at, completed_at)
SELECT run_id, step_index, attempt, 'cancelled', worker_id, started_at, completed_at FROM done
WHERE status IN ('running', 'waiting') AND attempt > 0 AND started_at IS NOT NULL
ON CONFLICT DO NOTHING`

const CANCEL_STEPS = cancelDue(`
  SELECT run_id, step_index, status FROM steps
  WHERE run_id = ANY($1::uuid[]) AND (status IN ('pending', 'retrying', 'waiting') OR (status = 'running' AND item_index IS NOT NULL))
    AND (parent_index IS NULL OR item_index IS NOT NULL)
  ORDER BY run_id, step_index FOR UPDATE`)

const CANCEL_ITEMS = cancelDue(`
  SELECT run_id, step_index, status FROM steps
  WHERE run_id = $1::uuid AND step_index = ANY($3::int[]) AND completed_at IS NULL
  ORDER BY step_index FOR UPDATE`)

const ITEMS_BELOW = `
WITH RECURSIVE tree AS (
  SELECT step_index, completed_at FROM steps WHERE run_id = $1::uuid AND parent_index = $2::int AND item_index IS NOT NULL
  UNION ALL
  SELECT c.step_index, c.completed_at FROM tree t JOIN steps c ON c.run_id = $1::uuid AND c.parent_index = t.step_index
  WHERE c.item_index IS NOT NULL
)
SELECT step_index AS "stepIndex" FROM tree WHERE completed_at IS NULL ORDER BY step_index`

/**
 * Cancels the items of a map that have not settled, also those of maps among them, and voids what they ask. Returns what
 * they were, and their unfinished child runs. Index: steps_children. Locks their rows, after that of the run.
 */
export async function cancelItems(
  db: Executor,
  map: { runId: string; stepIndex: number },
  reason: string,
): Promise<Reset> {
  await lockRun(db, map.runId)
  const rows = await db.batch<{ stepIndex: number }>('items_below', ITEMS_BELOW, [map.runId, map.stepIndex])
  const steps = rows.map((row) => row.stepIndex)
  const childRuns = await findChildRuns(db, map.runId, steps)
  await db.batch('cancel_items', CANCEL_ITEMS, [map.runId, reason, steps])
  await voidApprovals(db, [map.runId], steps)
  return { steps, childRuns }
}

/** Unfinished child runs of some steps of a run. Index: runs_parent. */
async function findChildRuns(db: Executor, runId: string, steps: readonly number[]): Promise<string[]> {
  const rows = await db.batch<{ id: string }>(
    'find_child_runs',
    `SELECT id FROM runs WHERE parent_run_id = $1::uuid AND parent_step_index = ANY($2::int[])
       AND status NOT IN ('completed', 'failed', 'cancelled', 'cancelling')`,
    [runId, steps],
  )
  return rows.map((row) => row.id)
}

/** Nothing that was asked counts any more; `steps` by index, null: all open ones of the runs. */
async function voidApprovals(db: Executor, runIds: readonly string[], steps: readonly number[] | null): Promise<void> {
  await db.batch(
    'void_approvals',
    `UPDATE approvals SET status = 'void' WHERE run_id = ANY($1::uuid[]) AND status = 'open'
       AND ($2::int[] IS NULL OR step_index = ANY($2::int[]))`,
    [runIds, steps],
  )
}

/** Pauses locked runs. */
export async function beginPause(db: Executor, ids: readonly string[]): Promise<void> {
  await db.batch(
    'pause_runs',
    `UPDATE runs SET status = 'paused', epoch = epoch + 1, queue_token = NULL WHERE id = ANY($1::uuid[])`,
    [ids],
  )
}

/** Lets locked paused runs go on; one that has no slot waits for it, also where it had begun before a retry. */
export async function endPause(db: Executor, ids: readonly string[]): Promise<void> {
  await db.batch(
    'resume_runs',
    `UPDATE runs SET status = CASE WHEN started_at IS NULL OR admitted_at IS NULL THEN 'queued'::run_status ELSE 'running'::run_status END,
       epoch = epoch + 1, queue_token = NULL
     WHERE id = ANY($1::uuid[])`,
    [ids],
  )
}

/** What a retry has set back. */
interface Reset {
  /** Indexes of the steps and items whose attempts no longer count. */
  steps: number[]
  /** Unfinished child runs that steps were waiting for. */
  childRuns: string[]
}

/** A step or item that a retry sets back. */
interface Target {
  stepIndex: number
  isItem: boolean
  /** Of an item, its map. */
  parentIndex: number | null
  attempt: number
}

/**
 * Sets a locked run back. Without `from`: its failed, cancelled and skipped steps, and of the maps among them the items
 * that did not complete. With `from`: these steps, whatever they are, and their items are no more. A run
 * that had given up its slot waits for one again; any other may last `timeoutSeconds` from now on (null: as long as it takes).
 */
export async function resetRun(
  db: Executor,
  id: string,
  from: readonly number[] | null,
  timeoutSeconds: number | null,
): Promise<Reset> {
  const rows = await db.batch<Target & Record<string, unknown>>('reset_targets', TARGETS, [id, from])
  const all = rows.map((row) => row.stepIndex)
  const dropped = from === null ? [] : rows.filter((row) => row.isItem).map((row) => row.stepIndex)
  const reset = from === null ? all : rows.filter((row) => !row.isItem).map((row) => row.stepIndex)
  await db.batch('reset_history', HISTORY, [id, reset])
  await db.batch('reset_events', RESET_EVENTS, [id, all])
  await voidApprovals(db, [id], all)
  const childRuns = await findChildRuns(db, id, all)
  await db.batch('reset_results', 'DELETE FROM step_results WHERE run_id = $1::uuid AND step_index = ANY($2::int[])', [
    id,
    reset,
  ])
  const beyond = beyondItems(rows)
  await db.batch('reset_steps', RESET, [id, reset, reset.map((index) => beyond.get(index) ?? 0), from !== null])
  await db.batch('drop_items', DROP_ITEMS, [id, dropped])
  await db.batch('reset_run', RESET_RUN, [id, timeoutSeconds])
  return { steps: all, childRuns }
}

const TARGETS = `
WITH RECURSIVE tree AS (
  SELECT step_index, false AS is_item FROM steps
  WHERE run_id = $1::uuid AND parent_index IS NULL
    AND CASE WHEN $2::int[] IS NULL THEN status IN ('failed', 'cancelled', 'skipped') ELSE step_index = ANY($2::int[]) END
  UNION ALL
  SELECT c.step_index, true FROM tree t JOIN steps c ON c.run_id = $1::uuid AND c.parent_index = t.step_index
  WHERE c.item_index IS NOT NULL AND ($2::int[] IS NOT NULL OR c.status <> 'completed')
)
SELECT s.step_index AS "stepIndex", tree.is_item AS "isItem", s.parent_index AS "parentIndex", s.attempt FROM tree JOIN steps s ON s.run_id = $1::uuid AND s.step_index = tree.step_index
ORDER BY s.step_index FOR UPDATE OF s`

/** Their indexes are not given again, so that no attempt of theirs settles another row (see highestIndex in fence.ts). */
const DROP_ITEMS = `
WITH dropped AS (
  DELETE FROM steps WHERE run_id = $1::uuid AND step_index = ANY($2::int[]) RETURNING step_index
)
UPDATE runs SET dropped_index = GREATEST(dropped_index, d.highest)
FROM (SELECT max(step_index) AS highest FROM dropped) d
WHERE id = $1::uuid AND d.highest IS NOT NULL`

/** An event that one of the steps had taken can be taken again, also where others had, which keep it. */
const RESET_EVENTS = `
UPDATE events SET taken_at = NULL, step_index = CASE WHEN NOT step_index = ANY($2::int[]) THEN step_index END,
  also_taken_by = ARRAY(SELECT taker FROM unnest(also_taken_by) AS taker WHERE NOT taker = ANY($2::int[]))
WHERE run_id = $1::uuid AND (step_index = ANY($2::int[]) OR also_taken_by && $2::int[])`

/** The newest attempt of a step is described by the step's row; before that changes, it gets a row of its own. */
const HISTORY = `
INSERT INTO step_attempts (run_id, step_index, attempt, status, worker_id, started_at, completed_at, error)
SELECT run_id, step_index, attempt,
  CASE status WHEN 'completed' THEN 'completed' WHEN 'failed' THEN 'failed' ELSE 'cancelled' END::attempt_status,
  worker_id, started_at, COALESCE(completed_at, clock_timestamp()), error
FROM steps
WHERE run_id = $1::uuid AND step_index = ANY($2::int[]) AND attempt > 0 AND started_at IS NOT NULL AND status NOT IN ('pending', 'skipped')
ON CONFLICT DO NOTHING`

/**
 * An attempt that may be under way is fenced by its number, which is taken: also one whose start has not been noted yet. Where the
 * step was cancelled, such a one may still count, as long as what it depends on is as it was: not where that is repeated ($4).
 * New items begin from the attempt of their map (see insertItems), so that is at least {@link beyondItems}.
 */
const RESET = `
UPDATE steps s SET status = 'pending', retry_count = 0, completed_at = NULL, started_at = NULL, retry_at = NULL, branch = NULL,
  reason = NULL, error = NULL, output_bytes = NULL, waiting_for = NULL, wake_at = NULL, worker_id = NULL,
  attempt = GREATEST(s.attempt + ((s.status IN ('running', 'pending', 'retrying') OR $4::bool AND s.status = 'cancelled')
    AND r.started_at IS NOT NULL)::int, i.least)
FROM unnest($2::int[], $3::int[]) AS i(step_index, least), runs r
WHERE r.id = $1::uuid AND s.run_id = $1::uuid AND s.step_index = i.step_index`

/** Of each map among some steps, an attempt beyond those of all items below it, at any depth. */
function beyondItems(targets: readonly Target[]): Map<number, number> {
  const parents = new Map(targets.map(({ stepIndex, parentIndex }) => [stepIndex, parentIndex]))
  const beyond = new Map<number, number>()
  for (const { parentIndex, attempt } of targets) {
    for (let map = parentIndex; map !== null; map = parents.get(map) ?? null) {
      beyond.set(map, Math.max(beyond.get(map) ?? 0, attempt + 1))
    }
  }
  return beyond
}

/** Whether a run needs no slot, or holds one still. */
const KEEPS_GOING = '(concurrency_key IS NULL OR completed_at IS NULL AND admitted_at IS NOT NULL)'

const MAY_START = '(start_at IS NULL OR start_at <= now())'

const RESET_RUN = `
UPDATE runs SET status = 'queued', epoch = epoch + 1, queue_token = NULL, halted_by = NULL, error = NULL, output = NULL, stop_error = NULL,
  completed_at = NULL, steps_completed = NULL, steps_failed = NULL, steps_skipped = NULL,
  deadline_at = CASE WHEN ${KEEPS_GOING} AND ${MAY_START} THEN now() + $2::float8 * interval '1 second' END,
  admitted_at = CASE WHEN ${KEEPS_GOING} AND ${MAY_START} THEN COALESCE(admitted_at, now()) END
WHERE id = $1::uuid`

/** What must be asked anew although it was answered: the approvals of a step from which a run is repeated. */
export async function voidAnswers(db: Executor, runId: string, stepIndex: number): Promise<void> {
  await db.batch(
    'void_answers',
    `UPDATE approvals SET status = 'void' WHERE run_id = $1::uuid AND step_index = $2::int AND status IN ('open', 'approved')`,
    [runId, stepIndex],
  )
}

/** An attempt that somebody may have made pointless. */
interface AbortableAttempt {
  runId: string
  stepIndex: number
  attempt: number
  epoch: number
}

/**
 * Which of some attempts are for nothing: their run is being cancelled or has ended, or their step has been set back. A
 * compensation runs while its run is cancelled. Index: the primary keys. Locks nothing.
 */
export async function findAbortable<Attempt extends AbortableAttempt>(
  db: Database,
  attempts: readonly Attempt[],
): Promise<Attempt[]> {
  const rows = await db.batch<{ ord: string }>(
    'find_abortable',
    `SELECT i.ord FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[]) WITH ORDINALITY AS i(run_id, step_index, attempt, epoch, ord)
     JOIN runs r ON r.id = i.run_id AND r.epoch > i.epoch
     LEFT JOIN steps s ON s.run_id = i.run_id AND s.step_index = i.step_index
     WHERE s.run_id IS NULL OR s.attempt > i.attempt OR s.status IN ('skipped', 'cancelled')
       OR (r.status IN ('cancelling', 'completed', 'failed', 'cancelled') AND (s.parent_index IS NULL OR s.item_index IS NOT NULL))`,
    [
      attempts.map((attempt) => attempt.runId),
      attempts.map((attempt) => attempt.stepIndex),
      attempts.map((attempt) => attempt.attempt),
      attempts.map((attempt) => attempt.epoch),
    ],
  )
  return rows.map((row) => attempts[Number(row.ord) - 1]!)
}
