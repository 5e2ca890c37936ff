import { and, asc, desc, eq, inArray, lt, sql } from 'drizzle-orm'
import type { Json } from '../workflow/definition.ts'
import type { ApprovalStatus, RunStatus, StepStatus } from '../workflow/states.ts'
import type { Database, Transaction } from './client.ts'
import { approvalDecisions, approvals, runs, steps, workflows } from './schema.ts'

/** Approvals: what steps asked people, and what these decided. */

/** Postgres's, as for all that is compared with its clock: that of this process may be ahead. */
const NOW = sql`clock_timestamp()`

/** One decision. */
export type DecisionRow = typeof approvalDecisions.$inferSelect

/** An approval with its decisions, oldest first. */
export type Approval = typeof approvals.$inferSelect & { decisions: DecisionRow[] }

/** What a step asks. */
export interface NewApproval {
  id: string
  runId: string
  stepIndex: number
  stepId: string
  message: Json
  input: Json
  inputHash: string
  approvers: string[] | null
  quorum: number
  /** ISO 8601; null: it does not expire. */
  expiresAt: string | null
}

/** Opens an approval; what its step had asked before counts no more. */
export async function openApproval(db: Pick<Database, 'batch'>, approval: NewApproval): Promise<void> {
  const { id, runId, stepIndex, stepId, message, input, inputHash, approvers, quorum, expiresAt } = approval
  await db.batch(
    'void_former_approvals',
    `UPDATE approvals SET status = 'void' WHERE run_id = $1::uuid AND step_index = $2 AND status IN ('open', 'approved')`,
    [runId, stepIndex],
  )
  await db.batch(
    'open_approval',
    `INSERT INTO approvals (id, run_id, step_index, step_id, message, input, input_hash, approvers, quorum, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      id,
      runId,
      stepIndex,
      stepId,
      JSON.stringify(message),
      JSON.stringify(input),
      inputHash,
      approvers,
      quorum,
      expiresAt,
    ],
  )
}

/** The newest approval of a step; null where it has asked nothing. Index: approvals_step. */
export async function findApproval(db: Database, runId: string, stepIndex: number): Promise<Approval | null> {
  const rows = await db.orm
    .select()
    .from(approvals)
    .where(and(eq(approvals.runId, runId), eq(approvals.stepIndex, stepIndex)))
    .orderBy(desc(approvals.id))
    .limit(1)
  return (await withDecisions(db, rows))[0] ?? null
}

/** Settles an open approval that nobody decided; false where it is open no more. */
export async function setApprovalStatus(db: Database, id: string, status: 'expired' | 'void'): Promise<boolean> {
  const rows = await db.orm
    .update(approvals)
    .set({ status, decidedAt: NOW })
    .where(and(eq(approvals.id, id), eq(approvals.status, 'open')))
    .returning({ id: approvals.id })
  return rows.length > 0
}

/** An approval whose row is locked, with the state of what asked. */
export interface LockedApproval {
  approval: Approval
  run: { status: RunStatus; epoch: number }
  step: { status: StepStatus }
}

/** Locks the newest approval of a step; null where it has asked nothing. */
export async function lockApproval(tx: Transaction, runId: string, stepId: string): Promise<LockedApproval | null> {
  const [row] = await tx
    .select({ approval: approvals, status: runs.status, epoch: runs.epoch, stepStatus: steps.status })
    .from(approvals)
    .innerJoin(runs, eq(runs.id, approvals.runId))
    .innerJoin(steps, and(eq(steps.runId, approvals.runId), eq(steps.stepIndex, approvals.stepIndex)))
    .where(and(eq(approvals.runId, runId), eq(approvals.stepId, stepId)))
    .orderBy(desc(approvals.id))
    .limit(1)
    .for('update', { of: approvals })
  if (row === undefined) return null
  const decisions = await tx
    .select()
    .from(approvalDecisions)
    .where(eq(approvalDecisions.approvalId, row.approval.id))
    .orderBy(asc(approvalDecisions.at))
  return {
    approval: { ...row.approval, decisions },
    run: { status: row.status, epoch: row.epoch },
    step: { status: row.stepStatus },
  }
}

/** Writes a decision down. `settles`: the approval is decided with it, and its step is to be looked at. */
export async function insertDecision(
  tx: Transaction,
  approval: Approval,
  decision: Pick<DecisionRow, 'decidedBy' | 'approved' | 'comment' | 'data'>,
  settles: 'approved' | 'rejected' | null,
): Promise<void> {
  await tx.insert(approvalDecisions).values({ approvalId: approval.id, ...decision })
  if (settles === null) return
  await tx.update(approvals).set({ status: settles, decidedAt: NOW }).where(eq(approvals.id, approval.id))
  await tx
    .update(steps)
    .set({ wakeAt: NOW })
    .where(and(eq(steps.runId, approval.runId), eq(steps.stepIndex, approval.stepIndex), eq(steps.status, 'waiting')))
}

/** An approval as lists show it. */
export type ApprovalEntry = Approval & { workflowName: string }

/** Which approvals to list; newest first. */
export interface ApprovalFilter {
  statuses?: readonly ApprovalStatus[] | undefined
  runId?: string | undefined
  stepIndex?: number | undefined
  workflowId?: string | undefined
  id?: string | undefined
  /** Id of the last one of the page before. */
  before?: string | undefined
  limit: number
}

/** Approvals, newest first. Indexes: approvals_status backwards, or approvals_step. */
export async function listApprovals(db: Database, filter: ApprovalFilter): Promise<ApprovalEntry[]> {
  const rows = await db.orm
    .select({ approval: approvals, workflowName: workflows.name })
    .from(approvals)
    .innerJoin(runs, eq(runs.id, approvals.runId))
    .innerJoin(workflows, eq(workflows.id, runs.workflowId))
    .where(
      and(
        filter.statuses === undefined ? undefined : inArray(approvals.status, [...filter.statuses]),
        filter.runId === undefined ? undefined : eq(approvals.runId, filter.runId),
        filter.stepIndex === undefined ? undefined : eq(approvals.stepIndex, filter.stepIndex),
        filter.workflowId === undefined ? undefined : eq(runs.workflowId, filter.workflowId),
        filter.id === undefined ? undefined : eq(approvals.id, filter.id),
        filter.before === undefined ? undefined : lt(approvals.id, filter.before),
      ),
    )
    .orderBy(desc(approvals.id))
    .limit(filter.limit)
  const found = await withDecisions(
    db,
    rows.map((row) => row.approval),
  )
  return found.map((approval, index) => ({ ...approval, workflowName: rows[index]!.workflowName }))
}

async function withDecisions(db: Database, rows: readonly (typeof approvals.$inferSelect)[]): Promise<Approval[]> {
  const ids = rows.map((row) => row.id)
  const decisions =
    ids.length === 0
      ? []
      : await db.orm
          .select()
          .from(approvalDecisions)
          .where(inArray(approvalDecisions.approvalId, ids))
          .orderBy(asc(approvalDecisions.at))
  return rows.map((row) => ({ ...row, decisions: decisions.filter((decision) => decision.approvalId === row.id) }))
}
