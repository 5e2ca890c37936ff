import { z } from '@hono/zod-openapi'
import type { ApprovalEntry } from '../../db/approvals.ts'
import { APPROVAL_STATUSES } from '../../workflow/states.ts'
import { payload, storableText } from '../payload.ts'
import { strict } from '../problems.ts'
import { id, iso, timestamp, timestampOrNull } from './fields.ts'

/** What a step asks people. */
export const approvalSchema = z
  .object({
    id,
    run_id: id,
    workflow_name: z.string(),
    step_id: z.string(),
    status: z.enum(APPROVAL_STATUSES),
    message: payload.openapi({ description: 'The step’s `config.message`, resolved' }),
    input: payload.openapi({ description: 'The step’s `input`, resolved: a decision counts for this' }),
    input_hash: z.string().openapi({ description: 'Of message and input; sent with a decision, it binds it to these' }),
    approvers: z.array(z.string()).nullable().openapi({ description: 'Who may decide; null: anyone' }),
    quorum: z.int().openapi({ description: 'How many must approve' }),
    decisions: z.array(
      z.object({
        by: z.string().nullable(),
        approved: z.boolean(),
        comment: z.string().nullable(),
        data: payload,
        at: timestamp,
      }),
    ),
    created_at: timestamp.openapi({ description: 'Since when the step waits' }),
    expires_at: timestampOrNull,
    decided_at: timestampOrNull,
  })
  .openapi('Approval')

/** Shows an approval. */
export function showApproval(row: ApprovalEntry): z.infer<typeof approvalSchema> {
  return {
    id: row.id,
    run_id: row.runId,
    workflow_name: row.workflowName,
    step_id: row.stepId,
    status: row.status,
    message: row.message ?? null,
    input: row.input ?? null,
    input_hash: row.inputHash,
    approvers: row.approvers,
    quorum: row.quorum,
    decisions: row.decisions.map(({ decidedBy, approved, comment, data, at }) => ({
      by: decidedBy === '' ? null : decidedBy,
      approved,
      comment,
      data: data ?? null,
      at: iso(at),
    })),
    created_at: iso(row.createdAt),
    expires_at: iso(row.expiresAt),
    decided_at: iso(row.decidedAt),
  }
}

/** Body of an approval or a rejection. */
export const decisionSchema = strict({
  by: storableText(1, 200).optional().openapi({ description: 'Who decides' }),
  comment: storableText(0, 10_000).optional(),
  data: payload.optional().openapi({ description: 'Becomes the output of the step' }),
  input_hash: z
    .string()
    .optional()
    .openapi({ description: 'The `input_hash` of the approval as it was shown: 409 where it has changed since' }),
}).openapi('Decision')
