import { Group, Stack, Text } from '@mantine/core'
import type { Approval } from '../api/shapes.ts'
import { JsonView } from '../parts/json-view.tsx'
import { StatusBadge } from '../parts/status-badge.tsx'
import { Time } from '../parts/time.tsx'
import { Decisions } from './decisions.tsx'

/** What is asked: the message, what it is about, who may decide, until when, and what was decided. */
export function ApprovalFacts({ approval }: { approval: Approval }) {
  const { message, input, approvers, quorum, decisions, expires_at: expires, status } = approval
  const approved = decisions.filter((decision) => decision.approved).length
  return (
    <Stack gap={6}>
      <Group gap="xs" justify="space-between" align="flex-start" wrap="nowrap">
        <Text fw={600} className="wrap-anywhere approval-message">
          {typeof message === 'string' && message !== '' ? message : 'A decision is asked for'}
        </Text>
        <StatusBadge status={status} />
      </Group>
      {typeof message === 'object' && message !== null && <JsonView value={message} label="Message" maxHeight={160} />}
      <Text size="sm" className="quiet">
        {approvers === null ? 'Anyone may decide' : `May be decided by ${approvers.join(', ')}`}
        {quorum > 1 ? ` · ${approved} of ${quorum} approvals` : ''}
        {' · asked '}
        <Time at={approval.created_at} />
        {status === 'open' && expires !== null && (
          <>
            {' · expires '}
            <Time at={expires} />
          </>
        )}
      </Text>
      {input !== null && <JsonView value={input} label={`What ${approval.step_id} is about`} maxHeight={180} />}
      {decisions.length > 0 && <Decisions decisions={decisions} />}
    </Stack>
  )
}
