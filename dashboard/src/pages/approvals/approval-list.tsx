import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { IconChecks, IconFilterOff } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { approvalsQuery } from '../../api/approvals.ts'
import type { Approval } from '../../api/shapes.ts'
import { EmptyState } from '../../parts/empty-state.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { LoadMore } from '../../parts/load-more.tsx'
import { RowsSkeleton } from '../../parts/skeletons.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { Time } from '../../parts/time.tsx'
import { APPROVAL_STATUSES } from '../../../../src/workflow/states.ts'
import { approvedOf, isFound, questionOf } from '../../approvals/approval-text.ts'

const DONE = APPROVAL_STATUSES.filter((status) => status !== 'open')

/** What waits for people, or what was decided. */
export function ApprovalList(props: {
  tab: 'open' | 'done'
  search: string | undefined
  chosen: string | undefined
  onClear: () => void
}) {
  const { tab, search, chosen, onClear } = props
  const list = useInfiniteQuery(approvalsQuery(tab === 'open' ? ['open'] : DONE))
  const all = list.data?.pages.flatMap(({ items }) => items)
  if (all === undefined) {
    if (list.error !== null) return <ErrorState error={list.error} onRetry={() => void list.refetch()} />
    return <RowsSkeleton rows={6} height={72} />
  }
  const found = all.filter((approval) => isFound(approval, search))
  if (found.length === 0 && search !== undefined) {
    return (
      <EmptyState
        icon={IconFilterOff}
        title="Nothing found"
        text="Questions, workflows, steps, people and runs are searched."
      >
        <Button variant="default" onClick={onClear}>
          Clear the search
        </Button>
      </EmptyState>
    )
  }
  if (found.length === 0) {
    return tab === 'open' ? (
      <EmptyState icon={IconChecks} title="Nothing waits for you" text="Steps of the type “approval” ask here." />
    ) : (
      <EmptyState icon={IconChecks} title="Nothing was decided yet" />
    )
  }
  return (
    <>
      <ul className="plain-list approval-list" aria-label={tab === 'open' ? 'Open approvals' : 'Decided approvals'}>
        {found.map((approval) => (
          <li key={approval.id}>
            <Row approval={approval} isChosen={approval.id === chosen} />
          </li>
        ))}
      </ul>
      <LoadMore list={list} />
    </>
  )
}

function Row({ approval, isChosen }: { approval: Approval; isChosen: boolean }) {
  const { id, workflow_name, step_id, status, created_at, expires_at, decided_at } = approval
  return (
    <Link
      from="/approvals"
      to="/approvals"
      search={(before) => ({ ...before, id })}
      className="card approval-row"
      aria-current={isChosen ? 'true' : undefined}
    >
      <span className="approval-question">{questionOf(approval)}</span>
      <span className="approval-where quiet">
        {workflow_name} · {step_id}
      </span>
      <span className="approval-facts quiet">
        {status === 'open' ? (
          <>
            <span>
              asked <Time at={created_at} />
            </span>
            {expires_at !== null && (
              <span>
                expires <Time at={expires_at} />
              </span>
            )}
            <span>{approvedOf(approval)} approved</span>
          </>
        ) : (
          <>
            <StatusBadge status={status} />
            <span>
              <Time at={decided_at ?? created_at} />
              {approval.decisions.length > 0 && ` by ${approval.decisions.map(({ by }) => by ?? 'someone').join(', ')}`}
            </span>
          </>
        )}
      </span>
    </Link>
  )
}
