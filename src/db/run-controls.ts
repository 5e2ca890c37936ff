import { and, asc, eq, gt } from 'drizzle-orm'
import type { Control } from '../workflow/states.ts'
import type { Database } from './client.ts'
import { runControls } from './schema.ts'

/** What was asked for of runs, and counted. */

/** A control that changed a run. */
export type RunControlRow = typeof runControls.$inferSelect

/** What {@link noteControl} writes down. */
interface NotedControl {
  control: Control
  /** The runs that it changes, which its transaction has locked. */
  changed: readonly string[]
  /** Those that it was asked for of; the others are below these. */
  asked: readonly string[]
  fromStep?: string | undefined
}

/** Writes down, within the transaction of a control, that it was asked for. */
export async function noteControl(db: Pick<Database, 'batch'>, noted: NotedControl): Promise<void> {
  const { control, changed, asked, fromStep = null } = noted
  await db.batch(
    'note_control',
    `INSERT INTO run_controls (run_id, control, with_parent, from_step)
     SELECT id, $2::control, NOT id = ANY($3::uuid[]), $4::text FROM unnest($1::uuid[]) AS u(id)`,
    [changed, control, asked, fromStep],
  )
}

/** Controls of a run, in the order in which they counted, behind the one of id `after`. Index: run_controls_run. */
export async function listControls(
  db: Database,
  filter: { runId: string; after: number | undefined; limit: number },
): Promise<RunControlRow[]> {
  const { runId, after, limit } = filter
  return await db.orm
    .select()
    .from(runControls)
    .where(and(eq(runControls.runId, runId), after === undefined ? undefined : gt(runControls.id, after)))
    .orderBy(asc(runControls.id))
    .limit(limit)
}
