import { Box, Button, Skeleton, Text } from '@mantine/core'
import { useElementSize, useHotkeys, useLocalStorage, useMediaQuery } from '@mantine/hooks'
import { ReactFlowProvider } from '@xyflow/react'
import { memo, useCallback, useMemo, useState } from 'react'
import { ErrorState } from '../parts/error-state.tsx'
import { drawingOf, GROUP_SIZE, GROUP_ZOOM } from './drawing.ts'
import { saveGraph } from './export-graph.ts'
import { GraphCanvas } from './graph-canvas.tsx'
import { filteredGraph, type GraphFilter } from './graph-filter.ts'
import { GraphLegend } from './graph-legend.tsx'
import type { GraphModel } from './graph-model.ts'
import { GraphToolbar, type ToolbarProps } from './graph-toolbar.tsx'
import { GroupList } from './group-list.tsx'
import type { Direction } from './layout.ts'
import { columnsFor } from './rows-layout.ts'
import { StoreContext } from './store-hooks.ts'
import type { StepStore } from './step-store.ts'
import { useLayout } from './use-layout.ts'

const NO_PATH: readonly string[] = []
/** A phone has more room downwards. */
const NARROW = '(max-width: 47.99em)'
/** Of the list beside groups, with a margin at both sides of them, pixels. */
const BESIDE_GROUPS = { wide: 356, narrow: 24 }

/** A graph with its tools. What changes while a run goes on comes by the store. */
export interface GraphFrameProps {
  /** Names the graph, and files that it is saved to. */
  label: string
  model: GraphModel
  store: StepStore
  hasRun: boolean
  failed: readonly string[]
  critical: readonly string[]
  filters: ToolbarProps['filters']
  filter: GraphFilter | undefined
  onFilter: (filter: GraphFilter | undefined) => void
  selected: string | undefined
  onSelect: (stepId: string | undefined) => void
}

/** Draws a graph: toolbar, canvas, legend, and, where steps are grouped, the list of the group that is open. */
export const GraphFrame = memo(function GraphFrame(props: GraphFrameProps) {
  const { model, store, failed, critical, filter, selected, onSelect } = props
  const isNarrow = useMediaQuery(NARROW, false, { getInitialValueInEffect: false })
  const [chosen, setDirection] = useLocalStorage<Direction | 'auto'>({
    key: 'sluice-graph-direction',
    defaultValue: 'auto',
    getInitialValueInEffect: false,
  })
  const direction = chosen === 'auto' ? (isNarrow ? 'TB' : 'LR') : chosen
  const [isCriticalShown, setCriticalShown] = useLocalStorage({
    key: 'sluice-graph-critical',
    defaultValue: true,
    getInitialValueInEffect: false,
  })
  const [isFull, setFull] = useState(false)
  useHotkeys([['Escape', () => setFull(false)]])

  // A filter that goes by the selection must not draw everything anew while it does not.
  const part = useMemo(
    () => filteredGraph(model, filter, { failed, selected: filter === 'path' ? selected : undefined, critical }),
    // oxlint-disable-next-line react/exhaustive-deps -- critical and failed are read only by their filters
    [model, filter, filter === 'path' && selected, filter === 'failed' && failed, filter === 'critical' && critical],
  )
  const drawing = useMemo(() => drawingOf(part, direction), [part, direction])
  const { ref: body, width } = useElementSize()
  const room = width - (isNarrow ? BESIDE_GROUPS.narrow : BESIDE_GROUPS.wide)
  const { laidOut, error, retry } = useLayout(drawing, columnsFor(room, GROUP_SIZE.width, GROUP_ZOOM))
  const [openGroup, setOpenGroup] = useOpenGroup(drawing, store, selected)
  const group = drawing.nodes.find((drawn) => drawn.kind === 'group' && drawn.id === openGroup)
  const nodes = useMemo(() => new Map(model.nodes.map((node) => [node.id, node])), [model])
  const toggle = useCallback(
    (id: string | undefined) => onSelect(id !== undefined && store.isSelected(id) ? undefined : id),
    [onSelect, store],
  )

  return (
    <StoreContext value={store}>
      <ReactFlowProvider>
        <section className="graph card" data-full={isFull} aria-label={props.label}>
          <GraphToolbar
            filter={filter}
            onFilter={props.onFilter}
            filters={props.filters}
            direction={drawing.isGrouped ? undefined : direction}
            onDirection={setDirection}
            isCriticalShown={isCriticalShown}
            onCritical={setCriticalShown}
            isFull={isFull}
            onFull={setFull}
            onDownload={(as) => laidOut !== undefined && void saveGraph(as, props.label, laidOut, store)}
          />
          <div ref={body} className="graph-body" data-grouped={drawing.isGrouped}>
            {error !== undefined ? (
              <Box flex={1} p="md">
                <ErrorState error={error} onRetry={retry} />
              </Box>
            ) : laidOut === undefined ? (
              <Skeleton className="graph-canvas" radius={0} />
            ) : (
              <GraphCanvas
                laidOut={laidOut}
                label={props.label}
                path={isCriticalShown ? critical : NO_PATH}
                openGroup={openGroup}
                selected={selected}
                isFull={isFull}
                onSelect={toggle}
                onOpenGroup={setOpenGroup}
              />
            )}
            {group?.kind === 'group' && (
              <GroupList group={group.group} nodes={nodes} selected={selected} onSelect={toggle} />
            )}
          </div>
          <footer className="graph-foot">
            <GraphLegend hasRun={props.hasRun} hasPath={isCriticalShown && critical.length > 1 && !drawing.isGrouped} />
            {drawing.isGrouped && (
              <Text size="xs" className="quiet">
                {part.nodes.length.toLocaleString('en')} steps are drawn by level.{' '}
                {selected === undefined ? (
                  'Select one to see the steps on its path.'
                ) : (
                  <Button variant="transparent" size="compact-xs" p={0} h="auto" onClick={() => props.onFilter('path')}>
                    Show the steps on the path of {selected}
                  </Button>
                )}
              </Text>
            )}
          </footer>
        </section>
      </ReactFlowProvider>
    </StoreContext>
  )
})

/** The group whose list is shown: that of the selected step, else the first in which something failed, or goes on. */
function useOpenGroup(drawing: ReturnType<typeof drawingOf>, store: StepStore, selected: string | undefined) {
  const [opened, setOpened] = useState<{ id: string; selected: string | undefined }>()
  const open = useCallback((id: string) => setOpened({ id, selected }), [selected])
  const ofSelected = selected === undefined ? undefined : drawing.nodeOf(selected)
  const wanted = opened?.selected === selected ? opened?.id : (ofSelected ?? opened?.id)
  const first = useMemo(() => {
    const has = (status: readonly string[]) => (drawn: (typeof drawing.nodes)[number]) =>
      drawn.kind === 'group' && drawn.group.steps.some((id) => status.includes(store.get(id)?.status ?? ''))
    const found =
      drawing.nodes.find(has(['failed'])) ??
      drawing.nodes.find(has(['running', 'retrying', 'waiting'])) ??
      drawing.nodes[0]
    return found?.id
  }, [drawing, store])
  const known = drawing.nodes.some(({ id }) => id === wanted) ? wanted : first
  return [drawing.isGrouped ? known : undefined, open] as const
}
