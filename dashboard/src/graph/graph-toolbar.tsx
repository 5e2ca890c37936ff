import { ActionIcon, Chip, Group, Menu, Tooltip } from '@mantine/core'
import {
  IconArrowsMaximize,
  IconArrowsMinimize,
  IconCircuitGround,
  IconDownload,
  IconFocusCentered,
  IconMinus,
  IconPlus,
  IconRoute,
} from '@tabler/icons-react'
import { useReactFlow } from '@xyflow/react'
import type { ReactNode } from 'react'
import type { Direction } from './layout.ts'
import type { GraphFilter } from './graph-filter.ts'

/** What can be done with a graph. */
export interface ToolbarProps {
  filter: GraphFilter | undefined
  onFilter: (filter: GraphFilter | undefined) => void
  /** Filters that have something to show. */
  filters: readonly { value: GraphFilter; name: string }[]
  /** Undefined where it cannot be chosen. */
  direction: Direction | undefined
  onDirection: (direction: Direction) => void
  isCriticalShown: boolean
  onCritical: (shown: boolean) => void
  isFull: boolean
  onFull: (full: boolean) => void
  onDownload: (as: 'svg' | 'png') => void
}

/** Filters at the left, tools at the right. */
export function GraphToolbar(props: ToolbarProps) {
  const { filter, onFilter, filters, direction, isCriticalShown, isFull } = props
  const flow = useReactFlow()
  return (
    <div className="graph-toolbar">
      <Chip.Group value={filter ?? 'all'} onChange={(value) => onFilter(value === 'all' ? undefined : value)}>
        <Group gap={4} role="radiogroup" aria-label="Steps of the graph">
          {[{ value: 'all', name: 'All' }, ...filters].map(({ value, name }) => (
            <Chip key={value} value={value} size="xs" variant="outline">
              {name}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      <Group gap={2} role="group" aria-label="Tools of the graph" className="graph-tools">
        <Tool label="Zoom in" onClick={() => void flow.zoomIn()} icon={<IconPlus size={16} aria-hidden />} />
        <Tool label="Zoom out" onClick={() => void flow.zoomOut()} icon={<IconMinus size={16} aria-hidden />} />
        <Tool
          label="Show the whole graph"
          onClick={() => void flow.fitView({ padding: 0.06, maxZoom: 1.1 })}
          icon={<IconFocusCentered size={16} aria-hidden />}
        />
        <Tool
          label="Mark the critical path"
          isPressed={isCriticalShown}
          onClick={() => props.onCritical(!isCriticalShown)}
          icon={<IconRoute size={16} aria-hidden />}
        />
        {direction !== undefined && (
          <Tool
            label={direction === 'LR' ? 'Draw from top to bottom' : 'Draw from left to right'}
            onClick={() => props.onDirection(direction === 'LR' ? 'TB' : 'LR')}
            icon={<IconCircuitGround size={16} aria-hidden className={direction === 'LR' ? 'graph-turned' : ''} />}
          />
        )}
        <Menu position="bottom-end" withinPortal zIndex={1000}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label="Download the graph" title="Download the graph">
              <IconDownload size={16} aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => props.onDownload('svg')}>As SVG</Menu.Item>
            <Menu.Item onClick={() => props.onDownload('png')}>As PNG</Menu.Item>
          </Menu.Dropdown>
        </Menu>
        <Tool
          label={isFull ? 'Back into the page' : 'Fill the window'}
          isPressed={isFull}
          onClick={() => props.onFull(!isFull)}
          icon={isFull ? <IconArrowsMinimize size={16} aria-hidden /> : <IconArrowsMaximize size={16} aria-hidden />}
        />
      </Group>
    </div>
  )
}

function Tool(props: { label: string; isPressed?: boolean; onClick: () => void; icon: ReactNode }) {
  const { label, isPressed, onClick, icon } = props
  return (
    <Tooltip label={label} zIndex={1000}>
      <ActionIcon
        variant={isPressed === true ? 'light' : 'subtle'}
        color={isPressed === true ? 'blue' : 'gray'}
        aria-label={label}
        aria-pressed={isPressed}
        onClick={onClick}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  )
}
