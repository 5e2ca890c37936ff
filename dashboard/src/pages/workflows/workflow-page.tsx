import { Tabs } from '@mantine/core'
import { IconPlayerPlay, IconRouteOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { ApiError } from '../../api/problem-error.ts'
import { workflowQuery } from '../../api/workflows.ts'
import { EmptyState } from '../../parts/empty-state.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { LinkButton } from '../../parts/link-button.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { PageSkeleton, RowsSkeleton } from '../../parts/skeletons.tsx'
import { Time } from '../../parts/time.tsx'
import { useTitle } from '../../parts/use-title.ts'
import { NewestRuns } from '../runs/newest-runs.tsx'
import { SchedulesTab } from './schedules-tab.tsx'
import { VersionsTab } from './versions-tab.tsx'
import { WebhooksTab } from './webhooks-tab.tsx'
import { ArchiveButton } from './archive-button.tsx'

const route = getRouteApi('/workflows/$workflow')

const DefinitionTab = lazy(() => import('./definition-tab.tsx').then((module) => ({ default: module.DefinitionTab })))

const GraphTab = lazy(() => import('./graph-tab.tsx').then((module) => ({ default: module.GraphTab })))

const TABS = [
  ['definition', 'Definition'],
  ['graph', 'Graph'],
  ['runs', 'Runs'],
  ['versions', 'Versions'],
  ['schedules', 'Schedules'],
  ['webhooks', 'Webhooks'],
] as const
type Tab = (typeof TABS)[number][0]

/** One workflow: its definition, versions, runs, schedules and webhooks. */
export function WorkflowPage() {
  const { workflow: name } = route.useParams()
  const { tab = 'definition', version } = route.useSearch()
  const navigate = route.useNavigate()
  useTitle(name)
  const latest = useQuery(workflowQuery(name))
  if (latest.data === undefined && latest.error !== null)
    return <Unreadable name={name} error={latest.error} onRetry={() => void latest.refetch()} />
  if (latest.data === undefined) return <PageSkeleton />
  const workflow = latest.data
  const open = (to: string | null) =>
    void navigate({ search: { tab: to === 'definition' ? undefined : (to as Tab) }, replace: true })
  return (
    <>
      <PageHeader
        title={workflow.name}
        text={
          <>
            Version {workflow.version}, saved <Time at={workflow.updated_at} />
            {workflow.archived_at !== null && (
              <>
                {', archived '}
                <Time at={workflow.archived_at} />
              </>
            )}
            {workflow.description === null ? '' : ` · ${workflow.description}`}
          </>
        }
      >
        <ArchiveButton workflow={workflow} />
        <LinkButton
          to="/start"
          search={{ workflow: workflow.name }}
          leftSection={<IconPlayerPlay size={16} aria-hidden />}
          disabled={workflow.archived_at !== null}
        >
          Start a run
        </LinkButton>
      </PageHeader>
      <Tabs value={tab} onChange={open} keepMounted={false}>
        <Tabs.List mb="md">
          {TABS.map(([value, label]) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="definition">
          <Suspense fallback={<RowsSkeleton rows={12} />}>
            <DefinitionTab key={`${name} ${version ?? 'latest'}`} latest={workflow} version={version} />
          </Suspense>
        </Tabs.Panel>
        <Tabs.Panel value="graph">
          <Suspense fallback={<RowsSkeleton rows={12} />}>
            <GraphTab name={name} version={version} />
          </Suspense>
        </Tabs.Panel>
        <Tabs.Panel value="runs">
          <NewestRuns filter={{ workflow: workflow.name }} />
          <LinkButton to="/runs" search={{ workflow: workflow.name }} variant="default" mt="md">
            All of its runs
          </LinkButton>
        </Tabs.Panel>
        <Tabs.Panel value="versions">
          <VersionsTab workflow={workflow} />
        </Tabs.Panel>
        <Tabs.Panel value="schedules">
          <SchedulesTab workflow={workflow.name} />
        </Tabs.Panel>
        <Tabs.Panel value="webhooks">
          <WebhooksTab workflow={workflow.name} />
        </Tabs.Panel>
      </Tabs>
    </>
  )
}

/** A workflow that there is not, or that cannot be read. */
function Unreadable({ name, error, onRetry }: { name: string; error: Error; onRetry: () => void }) {
  const isMissing = error instanceof ApiError && error.status === 404
  useTitle(isMissing ? 'No such workflow' : name)
  if (!isMissing) {
    return (
      <>
        <PageHeader title={name} />
        <ErrorState error={error} onRetry={onRetry} />
      </>
    )
  }
  return (
    <EmptyState icon={IconRouteOff} title="There is no such workflow" text={error.message} wholePage>
      <LinkButton to="/workflows" variant="default">
        Go to the workflows
      </LinkButton>
    </EmptyState>
  )
}
