import { ActionIcon, Chip, Group, Switch, Tooltip } from '@mantine/core'
import { IconArrowAutofitWidth, IconMinus, IconPlus } from '@tabler/icons-react'
import { type ReactNode } from 'react'
import type { RowFilterName } from './timeline-rows.ts'

/** Filters, what is drawn, and zoom. */
export function TimelineToolbar(props: {
  filter: RowFilterName | undefined
  onFilter: (filter: RowFilterName | undefined) => void
  failedCount: number
  fold: boolean
  onFold: (fold: boolean) => void
  withQueue: boolean
  onQueue: (shown: boolean) => void
  onZoom: (factor: number | 'whole') => void
}) {
  const { filter, onFilter, failedCount, onZoom } = props
  const names = [
    ['all', 'All'],
    ...(failedCount > 0 ? [['failed', `Failed ${failedCount}`] as const] : []),
    ['critical', 'Critical path'],
  ] as const
  return (
    <div className="graph-toolbar">
      <Chip.Group
        value={filter ?? 'all'}
        onChange={(value) => onFilter(value === 'failed' || value === 'critical' ? value : undefined)}
      >
        <Group gap={4} role="radiogroup" aria-label="Steps of the timeline">
          {names.map(([value, name]) => (
            <Chip key={value} value={value} size="xs" variant="outline">
              {name}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      <Group gap="sm">
        <Switch
          size="xs"
          label="Queue time"
          checked={props.withQueue}
          onChange={({ currentTarget }) => props.onQueue(currentTarget.checked)}
        />
        <Switch
          size="xs"
          label="Fold gaps"
          checked={props.fold}
          onChange={({ currentTarget }) => props.onFold(currentTarget.checked)}
        />
        <Group gap={2} role="group" aria-label="Zoom">
          <Tool label="Zoom in" onClick={() => onZoom(0.5)} icon={<IconPlus size={16} aria-hidden />} />
          <Tool label="Zoom out" onClick={() => onZoom(2)} icon={<IconMinus size={16} aria-hidden />} />
          <Tool
            label="Show the whole run"
            onClick={() => onZoom('whole')}
            icon={<IconArrowAutofitWidth size={16} aria-hidden />}
          />
        </Group>
      </Group>
    </div>
  )
}

function Tool({ label, onClick, icon }: { label: string; onClick: () => void; icon: ReactNode }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  )
}
