import { Checkbox, Group, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { RunEntry } from '../../api/shapes.ts'
import { Duration } from '../../parts/duration.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { Time } from '../../parts/time.tsx'
import { useWindowRows } from '../../parts/use-window-rows.ts'
import { ProgressBar } from './progress-bar.tsx'
import type { Selection } from './selection.ts'

/** A card and the gap below it. */
const CARD_PX = 104
const AHEAD = 10

/** Runs as cards, for narrow screens; the page scrolls. */
export function RunCards(props: {
  runs: readonly RunEntry[]
  selection: Selection
  onEnd: () => void
  loadingMore: boolean
}) {
  const { runs, selection, onEnd, loadingMore } = props
  const { place, drawn, totalHeight, measure, topOf } = useWindowRows({
    count: runs.length,
    height: CARD_PX,
    keyOf: (index) => runs[index]?.id,
  })
  const last = drawn.at(-1)?.index ?? 0
  useEffect(() => {
    if (runs.length > 0 && last >= runs.length - AHEAD) onEnd()
  }, [last, runs.length, onEnd])
  return (
    <>
      <div ref={place} className="run-cards" style={{ height: totalHeight }} role="list" aria-label="Runs">
        {drawn.map((row) => {
          const run = runs[row.index]
          return run === undefined ? null : (
            <div
              key={row.key}
              ref={measure}
              role="listitem"
              data-index={row.index}
              style={{ transform: `translateY(${topOf(row)}px)` }}
            >
              <RunCard run={run} selection={selection} />
            </div>
          )
        })}
      </div>
      {loadingMore && (
        <Text size="xs" className="quiet" ta="center" p="sm" role="status">
          Loading more…
        </Text>
      )}
    </>
  )
}

function RunCard({ run, selection }: { run: RunEntry; selection: Selection }) {
  const isSelected = selection.all || selection.ids.has(run.id)
  const toggle = () =>
    selection.choose(isSelected ? [...selection.ids].filter((id) => id !== run.id) : [...selection.ids, run.id])
  return (
    <article className="card run-card" aria-label={`${run.workflow_name}, ${run.status}`}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text fw={500} truncate>
          <Link to="/runs/$run" params={{ run: run.id }} className="row-link" data-run={run.id}>
            {run.workflow_name}
          </Link>{' '}
          <span className="quiet">v{run.workflow_version}</span>
        </Text>
        <StatusBadge status={run.status} />
      </Group>
      {run.error !== null && (
        <Text size="xs" truncate c="var(--tone-red-fg)">
          {run.error.step_id === null ? '' : `${run.error.step_id}: `}
          {run.error.message}
        </Text>
      )}
      <Group justify="space-between" wrap="nowrap" gap="sm" mt={8}>
        <Checkbox
          size="sm"
          checked={isSelected}
          onChange={toggle}
          aria-label={`Select run ${run.id} of ${run.workflow_name}`}
        />
        <ProgressBar run={run} />
        <Text size="xs" className="quiet" ml="auto">
          <Time at={run.created_at} /> · <Duration from={run.started_at} to={run.completed_at} />
        </Text>
      </Group>
    </article>
  )
}
