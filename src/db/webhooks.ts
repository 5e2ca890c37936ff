import { and, asc, desc, eq, isNotNull, lt, sql } from 'drizzle-orm'
import type { Database, Transaction } from './client.ts'
import { webhooks, workflows } from './schema.ts'
import type { WorkflowRow } from './workflows.ts'

/** Statements about webhooks. */

/** A webhook, with its token and its secret. */
export type WebhookRow = typeof webhooks.$inferSelect

/** The webhook of a token, and its workflow; null if there is none. Index: webhooks_token_unique. */
export async function findWebhook(
  db: Database,
  token: string,
): Promise<{ webhook: WebhookRow; workflow: WorkflowRow } | null> {
  const rows = await db.orm
    .select({ webhook: webhooks, workflow: workflows })
    .from(webhooks)
    .innerJoin(workflows, eq(workflows.id, webhooks.workflowId))
    .where(eq(webhooks.token, token))
  return rows[0] ?? null
}

/** Webhooks of a workflow, newest first; `before` is the id of the last one of the page before. Index: webhooks_workflow backwards. */
export async function listWebhooks(
  db: Database,
  workflowId: string,
  page: { before?: string | undefined; limit: number },
): Promise<WebhookRow[]> {
  return await db.orm
    .select()
    .from(webhooks)
    .where(
      and(eq(webhooks.workflowId, workflowId), page.before === undefined ? undefined : lt(webhooks.id, page.before)),
    )
    .orderBy(desc(webhooks.id))
    .limit(page.limit)
}

/** Inserts a webhook. */
export async function insertWebhook(
  db: Pick<Transaction, 'insert'>,
  row: typeof webhooks.$inferInsert,
): Promise<WebhookRow> {
  const [inserted] = await db.insert(webhooks).values(row).returning()
  if (inserted === undefined) throw new Error('inserting a webhook returned no row')
  return inserted
}

/** A webhook of a workflow, locked until the transaction ends; null if there is none. Index: webhooks_pkey. */
export async function lockWebhook(tx: Transaction, workflowId: string, id: string): Promise<WebhookRow | null> {
  const condition = and(eq(webhooks.id, id), eq(webhooks.workflowId, workflowId))
  const rows = await tx.select().from(webhooks).where(condition).for('update')
  return rows[0] ?? null
}

/** The webhooks that a workflow's definition made, in the order of its triggers. Index: webhooks_trigger. */
export async function listTriggerWebhooks(tx: Transaction, workflowId: string): Promise<WebhookRow[]> {
  return await tx
    .select()
    .from(webhooks)
    .where(and(eq(webhooks.workflowId, workflowId), isNotNull(webhooks.triggerIndex)))
    .orderBy(asc(webhooks.triggerIndex))
    .for('update')
}

/** Changes a webhook. */
export async function updateWebhook(tx: Transaction, id: string, changes: Partial<WebhookRow>): Promise<void> {
  await tx.update(webhooks).set(changes).where(eq(webhooks.id, id))
}

/** Deletes a webhook: its address is unknown from then on. */
export async function deleteWebhook(tx: Transaction, id: string): Promise<void> {
  await tx.delete(webhooks).where(eq(webhooks.id, id))
}

/** Notes that a delivery was accepted. */
export async function markWebhookUsed(db: Database, id: string): Promise<void> {
  await db.orm
    .update(webhooks)
    .set({ lastUsedAt: sql`clock_timestamp()` })
    .where(eq(webhooks.id, id))
}
