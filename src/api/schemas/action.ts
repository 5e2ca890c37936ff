import { z } from '@hono/zod-openapi'
import type { ActionEntry } from '../../db/actions.ts'
import { actionKind } from '../../db/schema.ts'
import { payload } from '../payload.ts'
import { iso, timestamp } from './fields.ts'

/** An action as the API shows it. */
export const actionSchema = z
  .object({
    name: z.string(),
    kind: z.enum(actionKind.enumValues).openapi({ description: 'A transaction commits together with its result' }),
    description: z.string(),
    queue: z.string().openapi({ description: 'A queue whose workers offer it' }),
    input_schema: payload.openapi({ description: 'JSON Schema 2020-12' }),
    output_schema: payload.openapi({ description: 'JSON Schema 2020-12' }),
    built_in: z.boolean(),
    workers: z.int().openapi({ description: 'Worker processes that are alive and offer it' }),
    last_seen_at: timestamp,
  })
  .openapi('Action')

/** Shows an action. */
export function showAction({ action, workers, queues, lastSeenAt }: ActionEntry): z.infer<typeof actionSchema> {
  return {
    name: action.name,
    kind: action.kind,
    description: action.description,
    queue: queues.includes('default') ? 'default' : (queues[0] ?? 'default'),
    input_schema: action.inputSchema,
    output_schema: action.outputSchema,
    built_in: action.builtIn,
    workers,
    last_seen_at: iso(lastSeenAt),
  }
}
