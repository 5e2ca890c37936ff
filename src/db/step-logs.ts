import type { Json } from '../workflow/definition.ts'
import type { Database } from './client.ts'

/** A line that an action logged. */
export interface NewLogLine {
  runId: string
  stepIndex: number
  attempt: number
  /** ISO 8601, by the worker's clock. */
  at: string
  level: 'debug' | 'info' | 'warn' | 'error'
  message: string
  data: Json | undefined
}

/** Inserts lines in their order; lines of runs that are gone are dropped. */
export async function insertLogLines(db: Database, lines: readonly NewLogLine[]): Promise<void> {
  await db.batch(
    'insert_log_lines',
    `INSERT INTO step_logs (run_id, step_index, attempt, at, level, message, data)
     SELECT i.run_id, i.step_index, i.attempt, i.at, i.level::log_level, i.message, i.data::json
     FROM unnest($1::uuid[], $2::int[], $3::int[], $4::timestamptz[], $5::text[], $6::text[], $7::text[])
       WITH ORDINALITY AS i(run_id, step_index, attempt, at, level, message, data, ord)
     WHERE EXISTS (SELECT 1 FROM steps s WHERE s.run_id = i.run_id AND s.step_index = i.step_index)
     ORDER BY i.ord`,
    [
      lines.map((line) => line.runId),
      lines.map((line) => line.stepIndex),
      lines.map((line) => line.attempt),
      lines.map((line) => line.at),
      lines.map((line) => line.level),
      lines.map((line) => line.message),
      lines.map((line) => (line.data === undefined ? null : JSON.stringify(line.data))),
    ],
  )
}
