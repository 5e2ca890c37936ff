import { Group, SegmentedControl, Text, TextInput } from '@mantine/core'
import { IconArrowLeft, IconSearch } from '@tabler/icons-react'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useRef } from 'react'
import { PageHeader } from '../../parts/page-header.tsx'
import { useSearchKey } from '../../parts/use-search-key.ts'
import { useTitle } from '../../parts/use-title.ts'
import { ApprovalDetail } from './approval-detail.tsx'
import { ApprovalList, type ApprovalTab } from './approval-list.tsx'
import './approvals.css'

const route = getRouteApi('/approvals')

const TABS: { value: ApprovalTab; label: string }[] = [
  { value: 'open', label: 'Open' },
  { value: 'mine', label: 'Mine' },
  { value: 'done', label: 'Done' },
]

/** The inbox of those who decide. */
export function ApprovalsPage() {
  useTitle('Approvals')
  const { tab = 'open', search, id } = route.useSearch()
  const navigate = route.useNavigate()
  const field = useRef<HTMLInputElement>(null)
  useSearchKey(field)
  return (
    <div className="approvals" data-open={id !== undefined || undefined}>
      <PageHeader title="Approvals" />
      <div className="approvals-list">
        <Group gap="xs" mb="sm" wrap="nowrap">
          <SegmentedControl
            size="xs"
            aria-label="Which approvals"
            data={TABS}
            value={tab}
            onChange={(value) =>
              void navigate({ search: (before) => ({ ...before, tab: value === 'open' ? undefined : value }) })
            }
          />
          <TextInput
            ref={field}
            size="xs"
            flex={1}
            miw={0}
            aria-label="Search approvals"
            placeholder="Question, workflow, person…"
            leftSection={<IconSearch size={14} aria-hidden />}
            value={search ?? ''}
            onChange={({ currentTarget: { value } }) =>
              void navigate({ search: (before) => ({ ...before, search: value || undefined }), replace: true })
            }
          />
        </Group>
        <ApprovalList
          tab={tab}
          search={search}
          chosen={id}
          onClear={() => void navigate({ search: (before) => ({ ...before, search: undefined }) })}
        />
      </div>
      <div className="approvals-detail">
        {id === undefined ? (
          <Text className="quiet" ta="center" py="xl">
            Choose an approval to see what it is about
          </Text>
        ) : (
          <>
            <Link
              from="/approvals"
              to="/approvals"
              search={(before) => ({ ...before, id: undefined })}
              className="approvals-back"
            >
              <IconArrowLeft size={16} aria-hidden /> All approvals
            </Link>
            <ApprovalDetail key={id} id={id} />
          </>
        )}
      </div>
    </div>
  )
}
