import type { Database } from './client.ts'

/** A cell as the viewer of the database shows it. */
export type Cell = string | number | boolean | null | Cell[] | { [key: string]: Cell }

/** Rows of each table, by the table's name. */
export type Snapshot = Record<string, Record<string, Cell>[]>

/** Characters of a payload, as JSON text, that are shown. */
const SHOWN_LENGTH = 500

/**
 * What is shown of each table, in order: columns, and after the bar those that tell which rows are the newest (the
 * columns of an index, or of a table of a few rows). A column that is not named is not shown, so a new secret stays one.
 * The key of idempotency_keys is left out: whoever has it can ask for the run that it stands for.
 */
const TABLES: Readonly<Record<string, string>> = {
  workflows: 'id name description latest_version created_at archived_at | id',
  workflow_versions: 'id workflow_id version hash step_count definition created_at | id',
  runs:
    'id workflow_id version_id status epoch halted_by order_id parent_run_id tags priority steps_total ' +
    'steps_completed steps_failed steps_skipped created_at started_at completed_at input context output error | id',
  steps:
    'run_id step_index step_id status attempt retry_count worker_id started_at completed_at retry_at branch reason ' +
    'output_bytes error | run_id step_index',
  step_results: 'run_id step_index output created_at | run_id step_index',
  step_attempts:
    'run_id step_index attempt status worker_id started_at completed_at retry_at error | run_id step_index attempt',
  step_logs: 'id run_id step_index attempt at level message data | id',
  approvals:
    'id run_id step_index step_id status message input approvers quorum created_at expires_at decided_at | run_id step_index id',
  approval_decisions: 'approval_id decided_by approved comment data at | approval_id decided_by',
  run_controls: 'id run_id control with_parent from_step at | id',
  pending_controls: 'control run_id asked_at | control run_id',
  events: 'id run_id name data created_at step_index taken_at | run_id name id',
  schedules:
    'id workflow_id cron timezone input overlap paused trigger_index next_run_at last_run_at last_run_id created_at updated_at | id',
  webhooks: 'id workflow_id trigger_index created_at last_used_at | id',
  orders: 'id amount currency reference status created_at updated_at | id',
  order_history: 'id order_id status at run_id step_id | id',
  idempotency_keys: 'scope run_id created_at | run_id',
  workers: 'id hostname pid queues concurrency started_at heartbeat_at stopped_at | heartbeat_at',
  actions: 'name kind description built_in last_seen_at input_schema output_schema | last_seen_at name',
  worker_actions: 'worker_id action | worker_id action',
  queue_state: 'prefix backend seen_at | seen_at',
}

/**
 * The newest `rows` rows of each table, or those of the newest runs where the table's index is by run, all as of one
 * instant. Times are ISO 8601 UTC, amounts decimal strings; of long payloads only the beginning is shown, and of errors
 * not the stack.
 */
export async function readSnapshot(db: Database, rows: number): Promise<Snapshot> {
  const found = await db.batch<{ snapshot: Snapshot }>('snapshot', SNAPSHOT, [rows])
  return found[0]?.snapshot ?? {}
}

const SNAPSHOT = `SELECT json_build_object(${Object.entries(TABLES)
  .map(([table, view]) => `'${table}', (${rowsOf(table, view)})`)
  .join(', ')}) AS snapshot`

function rowsOf(table: string, view: string): string {
  const [columns = [], newest = []] = view.split(' | ').map((names) => names.split(' '))
  const cells = columns.map((column) => `${cellOf(column)} AS ${column}`)
  const order = newest.map((column) => `x.${column} DESC`)
  return `SELECT COALESCE(json_agg(t), '[]') FROM (SELECT ${cells.join(', ')} FROM ${table} x ORDER BY ${order.join(', ')} LIMIT $1) t`
}

function cellOf(column: string): string {
  switch (column) {
    case 'amount':
      return 'x.amount::text'
    case 'error':
      return `x.error::jsonb - 'stack'`
    case 'definition':
    case 'input':
    case 'context':
    case 'output':
    case 'data':
    case 'message':
    case 'input_schema':
    case 'output_schema':
      return `CASE WHEN length(x.${column}::text) > ${SHOWN_LENGTH} THEN to_json(left(x.${column}::text, ${SHOWN_LENGTH}) || '…') ELSE to_json(x.${column}) END`
    default:
      return column === 'at' || column.endsWith('_at')
        ? `to_char(x.${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
        : `x.${column}`
  }
}
