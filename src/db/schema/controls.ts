import { sql } from 'drizzle-orm'
import { bigserial, boolean, index, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { CONTROLS } from '../../workflow/states.ts'
import { at } from './columns.ts'
import { runs } from './runs.ts'

export const control = pgEnum('control', CONTROLS)

/** One row for each control that counted, and for each run that it changed; written by the control's own transaction. */
export const runControls = pgTable(
  'run_controls',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    runId: uuid('run_id')
      .notNull()
      .references(() => runs.id, { onDelete: 'cascade' }),
    control: control('control').notNull(),
    /** Whether it was asked for of a run above this one. */
    withParent: boolean('with_parent').notNull(),
    /** The step that a retry began from; null: from what failed, was cancelled or skipped. */
    fromStep: text('from_step'),
    at: at('at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [index('run_controls_run').on(t.runId, t.id)],
)

/** What was accepted for many runs at once and is still to be done; a row goes with the transaction that does it. */
export const pendingControls = pgTable(
  'pending_controls',
  {
    control: control('control').notNull(),
    /** Without a foreign key: of a run that is gone there is nothing to do. */
    runId: uuid('run_id').notNull(),
    askedAt: at('asked_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.control, t.runId] })],
)
