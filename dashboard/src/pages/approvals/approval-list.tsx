import { Button, Checkbox, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { IconChecks, IconFilterOff } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { approvalsQuery } from '../../api/approvals.ts'
import type { Approval } from '../../api/shapes.ts'
import { EmptyState } from '../../parts/empty-state.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { LoadMore } from '../../parts/load-more.tsx'
import { RowsSkeleton } from '../../parts/skeletons.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { Time } from '../../parts/time.tsx'
import { APPROVAL_STATUSES } from '../../../../src/workflow/states.ts'
import { approvedOf, isFor, isFound, questionOf } from '../../approvals/approval-text.ts'
import { useDeciderName } from '../../approvals/use-decider-name.ts'
import { BulkDecide } from './bulk-decide.tsx'

const DONE = APPROVAL_STATUSES.filter((status) => status !== 'open')

/** What is listed: what waits for people, of that what names whoever looks, or what was decided. */
export type ApprovalTab = 'open' | 'mine' | 'done'

interface ListProps {
  tab: ApprovalTab
  search: string | undefined
  chosen: string | undefined
  onClear: () => void
}

/** Approvals of a tab. */
export function ApprovalList(props: ListProps) {
  const [name, setName] = useDeciderName()
  return (
    <>
      {props.tab === 'mine' && <NameField name={name} onChange={setName} />}
      <Found {...props} name={name} />
    </>
  )
}

function Found(props: ListProps & { name: string }) {
  const { tab, search, chosen, onClear, name } = props
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set())
  const list = useInfiniteQuery(approvalsQuery(tab === 'done' ? DONE : ['open']))
  const all = list.data?.pages.flatMap(({ items }) => items)
  const found = (all ?? []).filter((one) => isFound(one, search) && (tab !== 'mine' || isFor(one, name)))
  const looksOn = found.length === 0 && list.hasNextPage && list.error === null
  useEffect(() => {
    if (looksOn && !list.isFetching) void list.fetchNextPage()
  }, [looksOn, list])
  if (all === undefined) {
    if (list.error !== null) return <ErrorState error={list.error} onRetry={() => void list.refetch()} />
    return <RowsSkeleton rows={6} height={72} />
  }
  if (looksOn) return <RowsSkeleton rows={6} height={72} />
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
    return <EmptyState icon={IconChecks} {...NOTHING[tab]} />
  }
  const selected = found.filter(({ id, status }) => status === 'open' && ids.has(id))
  return (
    <>
      {selected.length > 0 && <BulkDecide chosen={selected} onClear={() => setIds(new Set())} />}
      <ul className="plain-list approval-list" aria-label={tab === 'done' ? 'Decided approvals' : 'Open approvals'}>
        {found.map((approval) => (
          <li key={approval.id} className="approval-item">
            {approval.status === 'open' && (
              <Checkbox
                size="xs"
                aria-label={`Select: ${questionOf(approval)}`}
                checked={ids.has(approval.id)}
                onChange={() => setIds((before) => toggled(before, approval.id))}
              />
            )}
            <Row approval={approval} isChosen={approval.id === chosen} />
          </li>
        ))}
      </ul>
      <LoadMore list={list} />
    </>
  )
}

function toggled(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  return ids.has(id) ? new Set([...ids].filter((one) => one !== id)) : new Set([...ids, id])
}

const NOTHING: Record<ApprovalTab, { title: string; text?: string }> = {
  open: { title: 'Nothing waits for a decision', text: 'Steps of the type “approval” ask here.' },
  mine: { title: 'Nothing waits for you', text: 'What names nobody is among the open ones: anyone may decide it.' },
  done: { title: 'Nothing was decided yet' },
}

/** Who looks, as approvals name them; this browser remembers it. */
function NameField({ name, onChange }: { name: string; onChange: (name: string) => void }) {
  return (
    <TextInput
      size="xs"
      mb="sm"
      label="You are"
      description="Only what names you is listed"
      value={name}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
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
