import { Button, Modal, SegmentedControl } from '@mantine/core'
import { IconCalendarClock, IconFilterOff, IconPlus } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { schedulesQuery } from '../../api/schedules.ts'
import { EmptyState } from '../../parts/empty-state.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { LoadMore } from '../../parts/load-more.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { RowsSkeleton } from '../../parts/skeletons.tsx'
import { useTitle } from '../../parts/use-title.ts'
import { ScheduleTable } from './schedule-table.tsx'
import { WeekView } from './week-view.tsx'
import './schedules.css'

const ScheduleForm = lazy(() => import('./schedule-form.tsx').then((module) => ({ default: module.ScheduleForm })))

const route = getRouteApi('/schedules')

const VIEWS = [
  { value: 'list', label: 'List' },
  { value: 'week', label: 'Week' },
]

/** What runs by itself, and when. */
export function SchedulesPage() {
  useTitle('Schedules')
  const { workflow, edit, view = 'list' } = route.useSearch()
  const navigate = route.useNavigate()
  const list = useInfiniteQuery(schedulesQuery(workflow))
  const { data, error, refetch } = list
  const schedules = data?.pages.flatMap(({ items }) => items)
  const edited = schedules?.find(({ id }) => id === edit)
  const openForm = (id: string | undefined) => void navigate({ search: (before) => ({ ...before, edit: id }) })
  const create = (
    <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => openForm('new')}>
      New schedule
    </Button>
  )
  return (
    <>
      <PageHeader title="Schedules" text={workflow === undefined ? undefined : `Of ${workflow}`}>
        {workflow !== undefined && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconFilterOff size={14} aria-hidden />}
            onClick={() => void navigate({ search: (before) => ({ ...before, workflow: undefined }) })}
          >
            All workflows
          </Button>
        )}
        <SegmentedControl
          size="xs"
          aria-label="View"
          data={VIEWS}
          value={view}
          onChange={(value) =>
            void navigate({ search: (before) => ({ ...before, view: value === 'week' ? 'week' : undefined }) })
          }
        />
        {create}
      </PageHeader>
      {schedules === undefined && error !== null && <ErrorState error={error} onRetry={() => void refetch()} />}
      {schedules === undefined && error === null && <RowsSkeleton rows={5} height={56} />}
      {schedules?.length === 0 && (
        <EmptyState
          icon={IconCalendarClock}
          title="No schedules"
          text="A schedule starts runs of a workflow at times that a cron expression tells, in a time zone."
        >
          {create}
        </EmptyState>
      )}
      {schedules !== undefined && schedules.length > 0 && (
        <>
          {view === 'week' ? (
            <WeekView schedules={schedules} />
          ) : (
            <ScheduleTable schedules={schedules} onEdit={openForm} />
          )}
          <LoadMore list={list} />
        </>
      )}
      <Modal
        opened={edit === 'new' || edited !== undefined}
        onClose={() => openForm(undefined)}
        title={edited === undefined ? 'New schedule' : 'Change schedule'}
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Suspense fallback={<RowsSkeleton rows={6} />}>
          <ScheduleForm schedule={edited} workflow={workflow} onDone={() => openForm(undefined)} />
        </Suspense>
      </Modal>
    </>
  )
}
