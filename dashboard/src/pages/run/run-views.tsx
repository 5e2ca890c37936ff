import { Skeleton, Tabs } from '@mantine/core'
import { lazy, Suspense } from 'react'
import { type View, VIEWS } from './search-words.ts'
import { useRunPlace } from './use-run-place.ts'
import type { ViewProps } from './view-props.ts'
import { StepsView } from './views/steps-view.tsx'

const GraphView = lazy(() => import('./views/graph-view.tsx').then((module) => ({ default: module.GraphView })))
const TimelineView = lazy(() =>
  import('./views/timeline-view.tsx').then((module) => ({ default: module.TimelineView })),
)
const EventsView = lazy(() => import('./views/events-view.tsx').then((module) => ({ default: module.EventsView })))
const IoView = lazy(() => import('./views/io-view.tsx').then((module) => ({ default: module.IoView })))
const LogsView = lazy(() => import('./views/logs-view.tsx').then((module) => ({ default: module.LogsView })))
const DefinitionView = lazy(() =>
  import('./views/definition-view.tsx').then((module) => ({ default: module.DefinitionView })),
)

const NAMES: Record<View, string> = {
  graph: 'Graph',
  timeline: 'Timeline',
  steps: 'Steps',
  events: 'Events',
  io: 'Input & output',
  logs: 'Logs',
  definition: 'Definition',
}

/** The views of a run as tabs; the one that is shown is in the URL. */
export function RunViews({ isWide, ...props }: ViewProps & { isWide: boolean }) {
  const { search, go } = useRunPlace()
  const view = viewOf(search.view, isWide)
  return (
    <Tabs
      value={view}
      onChange={(value) => go({ view: (value ?? 'steps') as View, line: undefined })}
      keepMounted={false}
    >
      <Tabs.List mb="sm" aria-label="Views of the run" className="run-tabs">
        {VIEWS.map((one) => (
          <Tabs.Tab key={one} value={one}>
            {NAMES[one]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value={view}>
        <Suspense fallback={<Skeleton height={320} />}>
          <OneView view={view} {...props} />
        </Suspense>
      </Tabs.Panel>
    </Tabs>
  )
}

function OneView({ view, ...props }: ViewProps & { view: View }) {
  if (view === 'graph') return <GraphView {...props} />
  if (view === 'timeline') return <TimelineView {...props} />
  if (view === 'events') return <EventsView {...props} />
  if (view === 'io') return <IoView run={props.run} />
  if (view === 'logs') return <LogsView run={props.run} streamed={props.streamed} />
  if (view === 'definition') return <DefinitionView run={props.run} />
  return <StepsView {...props} />
}

/** On a phone a list says more than a graph. */
function viewOf(asked: View | undefined, isWide: boolean): View {
  return asked ?? (isWide ? 'graph' : 'steps')
}
