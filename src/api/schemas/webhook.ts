import { z } from '@hono/zod-openapi'
import type { WebhookRow } from '../../db/webhooks.ts'
import { id, iso, timestamp, timestampOrNull } from './fields.ts'

/** A webhook, without its secret. */
export const webhookSchema = z
  .object({
    id,
    workflow_id: id,
    url: z.string().openapi({ description: 'Deliveries are posted there', example: 'http://127.0.0.1:3000/hooks/…' }),
    trigger_index: z
      .int()
      .nullable()
      .openapi({ description: 'Place in the `triggers` of the definition that made it; null: the API did' }),
    created_at: timestamp,
    last_used_at: timestampOrNull,
  })
  .openapi('Webhook')

/** A webhook with its secret: shown when it is made, and never again. */
export const newWebhookSchema = webhookSchema
  .extend({ secret: z.string().openapi({ description: 'Signs deliveries; it is not shown again' }) })
  .openapi('NewWebhook')

/** Shows a webhook; `origin` is where this service was reached. */
export function showWebhook(webhook: WebhookRow, origin: string): z.infer<typeof webhookSchema> {
  return {
    id: webhook.id,
    workflow_id: webhook.workflowId,
    url: `${origin}/hooks/${webhook.token}`,
    trigger_index: webhook.triggerIndex,
    created_at: iso(webhook.createdAt),
    last_used_at: iso(webhook.lastUsedAt),
  }
}
