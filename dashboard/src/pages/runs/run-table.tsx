import { Checkbox, Text } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { type RowSelectionState, useTable } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type MouseEvent, useEffect, useRef } from 'react'
import type { RunEntry } from '../../api/shapes.ts'
import { ScrollRegion } from '../../parts/scroll-region.tsx'
import { columns, features, FLEXIBLE_WIDTH, WIDTHS } from './columns.tsx'
import type { Selection } from './selection.ts'
import type { TableSettings } from './table-settings.tsx'
import { useRowKeys } from './use-row-keys.ts'

/** Heights of a row, px. */
const HEIGHTS = { comfortable: 40, compact: 30 }
const HEADER_PX = 36
/** Rows from the end at which the next page is asked for. */
const AHEAD = 20

/** Runs as a table of which only what can be seen is drawn. */
export function RunTable(props: {
  runs: readonly RunEntry[]
  settings: TableSettings
  selection: Selection
  /** Whether a run is one that the filters want; it may have changed since it was listed. */
  fits: (run: RunEntry) => boolean
  onEnd: () => void
  loadingMore: boolean
  onPeek: (id: string) => void
  onMove: (id: string) => void
}) {
  const { runs, settings, selection, fits, onEnd, loadingMore, onPeek, onMove } = props
  const place = useRef<HTMLDivElement>(null)
  const navigate = useNavigate()
  const height = HEIGHTS[settings.density]
  const table = useTable({
    features,
    columns,
    data: runs,
    getRowId: (run) => run.id,
    state: { columnVisibility: settings.visible, rowSelection: selected(runs, selection) },
    onRowSelectionChange: (change) => {
      const before = selected(runs, selection)
      selection.choose(Object.keys(typeof change === 'function' ? change(before) : change))
    },
  })
  const { rows } = table.getRowModel()
  // oxlint-disable-next-line react/incompatible-library -- no compiler memoises what it returns
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => place.current,
    estimateSize: () => height,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 12,
    scrollPaddingStart: HEADER_PX,
  })
  useEffect(() => virtual.measure(), [virtual, height])
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - AHEAD) onEnd()
  }, [last, rows.length, onEnd])

  useRowKeys({
    ids: runs.map(({ id }) => id),
    reveal: (index) => virtual.scrollToIndex(index),
    onToggle: (id) => rows.find((row) => row.id === id)?.toggleSelected(),
    onPeek,
    onMove,
  })
  const open = (event: MouseEvent, run: RunEntry) => {
    if ((event.target as Element).closest('a, button, input, label') === null && getSelection()?.isCollapsed !== false)
      void navigate({ to: '/runs/$run', params: { run: run.id } })
  }
  const shown = table.getVisibleLeafColumns()
  const minWidth = shown.reduce((sum, { id }) => sum + (WIDTHS[id] ?? FLEXIBLE_WIDTH), WIDTHS['select'] ?? 0)
  const before = items[0]?.start ?? 0
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0)

  return (
    <ScrollRegion ref={place} className="run-scroller fills" label="Runs">
      <table className="run-table" style={{ minWidth }} aria-rowcount={rows.length + 1}>
        <colgroup>
          <col style={{ width: WIDTHS['select'] }} />
          {shown.map(({ id }) => (
            <col key={id} style={{ width: WIDTHS[id] }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">
              <Checkbox
                size="xs"
                aria-label="Select all that are loaded"
                checked={rows.length > 0 && table.getIsAllRowsSelected()}
                indeterminate={table.getIsSomeRowsSelected()}
                onChange={(event) => table.toggleAllRowsSelected(event.currentTarget.checked)}
              />
            </th>
            {shown.map((column) => (
              <th key={column.id} scope="col">
                {String(column.columnDef.header)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr aria-hidden style={{ height: before }} />}
          {items.map(({ index, key }) => {
            const row = rows[index]
            if (row === undefined) return null
            const isSelected = row.getIsSelected()
            return (
              // A click anywhere opens what the link of the row opens.
              // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
              <tr
                key={key}
                style={{ height }}
                aria-rowindex={index + 2}
                aria-selected={isSelected}
                data-unfit={!fits(row.original) || undefined}
                onClick={(event) => open(event, row.original)}
              >
                <td>
                  <Checkbox
                    size="xs"
                    aria-label={`Select run ${row.id} of ${row.original.workflow_name}`}
                    checked={isSelected}
                    onChange={row.getToggleSelectedHandler()}
                  />
                </td>
                {row.getVisibleCells().map((cell) => (
                  // oxlint-disable-next-line jsx-a11y/control-has-associated-label -- it has what the column draws
                  <td key={cell.id}>
                    <table.FlexRender cell={cell} />
                  </td>
                ))}
              </tr>
            )
          })}
          {after > 0 && <tr aria-hidden style={{ height: after }} />}
        </tbody>
      </table>
      {loadingMore && (
        <Text size="xs" className="quiet run-more" role="status">
          Loading more…
        </Text>
      )}
    </ScrollRegion>
  )
}

function selected(runs: readonly RunEntry[], { all, ids }: Selection): RowSelectionState {
  return Object.fromEntries((all ? runs.map(({ id }) => id) : [...ids]).map((id) => [id, true]))
}
