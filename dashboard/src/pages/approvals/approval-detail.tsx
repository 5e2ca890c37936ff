import { Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { approvalQuery } from '../../api/approvals.ts'
import { approvalsOfRunQuery } from '../../api/run-sides.ts'
import type { Approval } from '../../api/shapes.ts'
import { CopyId } from '../../parts/copy-id.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { JsonView } from '../../parts/json-view.tsx'
import { Panel } from '../../parts/panel.tsx'
import { RowsSkeleton } from '../../parts/skeletons.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { Time } from '../../parts/time.tsx'
import { approvedOf, questionOf } from '../../approvals/approval-text.ts'
import { DecideForm } from '../../approvals/decide-form.tsx'
import { Decisions } from '../../approvals/decisions.tsx'
import { EarlierOutputs } from './earlier-outputs.tsx'

/** One approval: what is asked, what it is about, who decided what, and the form to decide. */
export function ApprovalDetail({ id }: { id: string }) {
  const { data: approval, error, refetch } = useQuery(approvalQuery(id))
  if (approval === undefined) {
    return error === null ? <RowsSkeleton rows={8} /> : <ErrorState error={error} onRetry={() => void refetch()} />
  }
  return (
    <Stack gap="sm">
      <Panel title={questionOf(approval)} actions={<StatusBadge status={approval.status} />} className="question">
        <Facts approval={approval} />
      </Panel>
      {/* Of another approval nothing that was typed is kept. */}
      {approval.status === 'open' ? (
        <Panel title="Decide">
          <DecideForm approval={approval} />
        </Panel>
      ) : (
        <Text size="sm" className="quiet" role="status">
          {ENDS[approval.status]}
        </Text>
      )}
      <Panel title="What it is about">
        <JsonView value={approval.input} label={`Input of ${approval.step_id}`} maxHeight={320} />
      </Panel>
      {approval.decisions.length > 0 && (
        <Panel title="Decisions">
          <Decisions decisions={approval.decisions} />
        </Panel>
      )}
      <EarlierOutputs approval={approval} />
      <OtherQuestions approval={approval} />
    </Stack>
  )
}

const ENDS: Record<Exclude<Approval['status'], 'open'>, string> = {
  approved: 'It was approved; the run goes on.',
  rejected: 'It was rejected.',
  expired: 'Its time was up before it was decided.',
  void: 'It counts no more: what was asked has changed, or its step is waiting no longer.',
}

function Facts({ approval }: { approval: Approval }) {
  const { run_id, workflow_name, step_id, created_at, expires_at, decided_at, approvers } = approval
  return (
    <dl className="facts">
      <Fact name="Workflow">
        <Link to="/workflows/$workflow" params={{ workflow: workflow_name }}>
          {workflow_name}
        </Link>
      </Fact>
      <Fact name="Run">
        <Group gap={4} wrap="nowrap">
          <Link to="/runs/$run" params={{ run: run_id }} search={{ step: step_id }}>
            Open
          </Link>
          <CopyId id={run_id} what="run id" />
        </Group>
      </Fact>
      <Fact name="Step">{step_id}</Fact>
      <Fact name="Asked">
        <Time at={created_at} />
      </Fact>
      {decided_at === null ? (
        <Fact name="Expires">{expires_at === null ? 'Never' : <Time at={expires_at} />}</Fact>
      ) : (
        <Fact name="Decided">
          <Time at={decided_at} />
        </Fact>
      )}
      <Fact name="Approved by">
        {approvedOf(approval)}
        <span className="quiet"> · {approvers === null ? 'anyone may decide' : approvers.join(', ')}</span>
      </Fact>
    </dl>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** What the same run asked besides. */
function OtherQuestions({ approval }: { approval: Approval }) {
  const { data } = useQuery(approvalsOfRunQuery(approval.run_id))
  const others = data?.filter(({ id }) => id !== approval.id) ?? []
  if (others.length === 0) return null
  return (
    <Panel title="The run also asked">
      <ul className="plain-list">
        {others.map((other) => (
          <li key={other.id}>
            <Group justify="space-between" wrap="nowrap" gap="xs">
              <Link to="/approvals" search={{ id: other.id }} className="cut">
                {questionOf(other)}
              </Link>
              <StatusBadge status={other.status} />
            </Group>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
