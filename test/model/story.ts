import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PACKAGE_ROOT } from '../../src/package-root.ts'
import type { System } from '../support/system.ts'
import type { Sequence } from './sequence.ts'

/**
 * Writes down all that is known of the runs of a sequence, for whoever has to find out why something broke: rows, audited
 * changes, controls, and what the processes logged. Returns the file's path.
 */
export async function writeStory(sequence: Sequence, title: string): Promise<string> {
  const { system } = sequence.stage
  const parts = [title]
  for (const { id } of await sequence.runs()) parts.push(await storyOf(system, id))
  parts.push(
    '\nAll controls',
    await listed(system, 'SELECT * FROM controls WHERE tag = $1 ORDER BY id', [sequence.tag]),
  )
  const processes = [system.api, ...system.workers]
  parts.push('\nLogs', ...processes.flatMap(({ pid, lines }) => lines.map((line) => `[${pid}] ${line}`)))
  const folder = join(PACKAGE_ROOT, '.cache')
  const file = join(folder, `model-${system.prefix}-${sequence.tag}.txt`)
  await mkdir(folder, { recursive: true })
  await writeFile(file, parts.join('\n'))
  return file
}

const QUESTIONS: Readonly<Record<string, string>> = {
  run: `SELECT status, epoch, halted_by, queue_token, compensation, stop_error, deadline_at, admitted_at, concurrency_key, parent_run_id, parent_step_index, started_at, completed_at, error
    FROM runs WHERE id = $1::uuid`,
  steps: `SELECT step_index, step_id, status, attempt, retry_count, worker_id, started_at, completed_at, retry_at, waiting_for, wake_at, reason, error ->> 'message' AS error
    FROM steps WHERE run_id = $1::uuid ORDER BY step_index`,
  changes: `SELECT seq, at, tx, what, change, attempt, worker_id, started_at FROM (
      SELECT seq, at, tx, 'run' AS what, old_status || ' -> ' || status AS change, old_epoch || ' -> ' || epoch AS attempt, NULL AS worker_id, NULL AS started_at
      FROM audit_runs WHERE run_id = $1::uuid
      UNION ALL
      SELECT seq, at, tx, step_id, old_status || ' -> ' || COALESCE(status, 'gone'), old_attempt || ' -> ' || attempt, worker_id, started_at
      FROM audit_steps WHERE run_id = $1::uuid) AS c ORDER BY seq`,
  attempts: 'SELECT * FROM step_attempts WHERE run_id = $1::uuid ORDER BY step_index, attempt',
  executions: 'SELECT * FROM executions WHERE run_id = $1::uuid ORDER BY id',
  effects: 'SELECT * FROM effects WHERE run_id = $1::text',
  approvals: 'SELECT * FROM approvals WHERE run_id = $1::uuid ORDER BY id',
  events: 'SELECT * FROM events WHERE run_id = $1::uuid ORDER BY id',
}

async function storyOf(system: System, id: string): Promise<string> {
  const parts = [`\nRun ${id}`]
  for (const [name, question] of Object.entries(QUESTIONS)) parts.push(name, await listed(system, question, [id]))
  return parts.join('\n')
}

/** Rows as Postgres writes them: a Date would lose the microseconds. */
async function listed(system: System, question: string, values: unknown[]): Promise<string> {
  const rows = await system.database.query<{ row: string }>(`SELECT q::text AS row FROM (${question}) AS q`, values)
  return rows.map(({ row }) => `  ${row}`).join('\n')
}
