import { Button } from '@mantine/core'
import { useHotkeys, useMediaQuery } from '@mantine/hooks'
import { IconArrowUp, IconFilterOff, IconPlayerPlay, IconStack2 } from '@tabler/icons-react'
import { getRouteApi } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useMemo, useRef, useState } from 'react'
import { serverNow } from '../../api/server-clock.ts'
import type { RunEntry } from '../../api/shapes.ts'
import { EmptyState } from '../../parts/empty-state.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { FullHeight } from '../../parts/full-height.tsx'
import { LinkButton } from '../../parts/link-button.tsx'
import { MisreadFilter } from '../../parts/misread-filter.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { RowsSkeleton } from '../../parts/skeletons.tsx'
import { useTitle } from '../../parts/use-title.ts'
import { BulkBar } from './bulk-bar.tsx'
import { durationOf, LongestDuration } from './duration-bar.tsx'
import { FilterBar } from './filter-bar.tsx'
import { RunCards } from './run-cards.tsx'
import { filterOf, isFiltered, matches, type RunSearch } from './run-search.ts'
import { RunTable } from './run-table.tsx'
import { SavedViews } from './saved-views.tsx'
import { type Selection, useSelection } from './selection.ts'
import { TableSettingsButton, type TableSettings, useTableSettings } from './table-settings.tsx'
import { type RunList, useRunList } from './use-run-list.ts'
import { useSearchKey } from '../../parts/use-search-key.ts'
import './runs.css'

const route = getRouteApi('/runs')

const RunPeek = lazy(() => import('./run-peek.tsx').then((module) => ({ default: module.RunPeek })))

const NONE_MATCHES =
  'Other filters may find some. A run is found by the beginning of its id, or by its id as lists show it: 019aa5b4…7f3a11.'

/** All runs, live: to find some, and to cancel or retry many. */
export function RunsPage() {
  useTitle('Runs')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const list = useRunList(search)
  const selection = useSelection(search)
  const [settings, setSettings] = useTableSettings()
  const searchField = useRef<HTMLInputElement>(null)
  useSearchKey(searchField)
  const isNarrow = useIsNarrow()
  const show = useCallback((next: RunSearch) => void navigate({ search: next }), [navigate])
  const { runs } = list
  return (
    <FullHeight>
      <PageHeader title="Runs">
        <LinkButton
          to="/start"
          search={{ workflow: search.workflow }}
          size="xs"
          leftSection={<IconPlayerPlay size={14} />}
        >
          Start a run
        </LinkButton>
      </PageHeader>
      <FilterBar
        search={search}
        searchRef={searchField}
        onChange={(change) =>
          void navigate({ search: (before) => ({ ...before, ...change, misread: undefined }), replace: true })
        }
        onClear={() => show({})}
      >
        <SavedViews search={search} onOpen={show} />
        {!isNarrow && <TableSettingsButton settings={settings} onChange={setSettings} />}
      </FilterBar>
      {search.misread === undefined ? (
        <>
          {runs !== undefined && <BulkBar selection={selection} runs={runs} search={search} hasMore={list.hasMore} />}
          <List list={list} search={search} selection={selection} settings={settings} onClear={() => show({})} />
        </>
      ) : (
        <MisreadFilter misread={search.misread} onDrop={() => show({ ...search, misread: undefined })} />
      )}
    </FullHeight>
  )
}

function List(props: {
  list: RunList
  search: RunSearch
  selection: Selection
  settings: TableSettings
  onClear: () => void
}) {
  const { list, search, selection, settings, onClear } = props
  const { runs, error, retry, freshCount, showFresh, more, loadingMore } = list
  const isNarrow = useIsNarrow()
  const [peeked, setPeeked] = useState<string | null>(null)
  useHotkeys([['Escape', () => setPeeked(null)]])
  const longest = useMemo(() => longestOf(runs ?? []), [runs])
  const fits = useCallback((run: RunEntry) => matches(run, filterOf(search, serverNow())), [search])
  if (error !== null) return <ErrorState error={error} onRetry={retry} />
  if (runs === undefined) return <RowsSkeleton rows={12} height={isNarrow ? 96 : 34} />
  if (runs.length === 0) {
    return isFiltered(search) ? (
      <EmptyState icon={IconFilterOff} title="No run matches" text={NONE_MATCHES}>
        <Button variant="default" onClick={onClear}>
          Clear filters
        </Button>
      </EmptyState>
    ) : (
      <EmptyState icon={IconStack2} title="No runs yet" text="A run appears here the moment it is started.">
        <LinkButton to="/start">Start a run</LinkButton>
      </EmptyState>
    )
  }
  return (
    <div className="run-list fills" data-peek={peeked !== null || undefined}>
      {freshCount > 0 && (
        <Button
          className="run-pill"
          size="compact-sm"
          radius="xl"
          leftSection={<IconArrowUp size={14} />}
          onClick={showFresh}
        >
          {freshCount.toLocaleString('en')} new
        </Button>
      )}
      <LongestDuration value={longest}>
        {isNarrow ? (
          <RunCards runs={runs} selection={selection} onEnd={more} loadingMore={loadingMore} />
        ) : (
          <RunTable
            runs={runs}
            settings={settings}
            selection={selection}
            fits={fits}
            onEnd={more}
            loadingMore={loadingMore}
            onPeek={(id) => setPeeked((before) => (before === id ? null : id))}
            onMove={(id) => setPeeked((before) => (before === null ? null : id))}
          />
        )}
      </LongestDuration>
      {peeked !== null && !isNarrow && (
        <Suspense fallback={null}>
          <RunPeek id={peeked} onClose={() => setPeeked(null)} />
        </Suspense>
      )}
    </div>
  )
}

/** Whether there is no room for a table. */
function useIsNarrow(): boolean {
  return useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false }) ?? false
}

/** Of those that ended, or of all where none has: what waits for days would leave nothing of the other bars. */
function longestOf(runs: readonly RunEntry[]): number {
  const now = serverNow()
  const ended = runs.filter(({ completed_at }) => completed_at !== null)
  const compared = ended.length > 0 ? ended : runs
  return compared.reduce((longest, run) => Math.max(longest, durationOf(run, now) ?? 0), 1)
}
