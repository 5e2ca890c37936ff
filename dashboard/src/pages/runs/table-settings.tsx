import { ActionIcon, Checkbox, Popover, SegmentedControl, Stack, Text, Tooltip } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { IconAdjustmentsHorizontal } from '@tabler/icons-react'
import { columns, HIDDEN } from './columns.tsx'

/** How this browser shows the table of runs. */
export interface TableSettings {
  /** By column; those that are not named are shown. */
  visible: Readonly<Record<string, boolean>>
  density: 'comfortable' | 'compact'
}

const DEFAULT: TableSettings = { visible: HIDDEN, density: 'comfortable' }

/** The settings, and how to change them; kept in this browser. */
export function useTableSettings() {
  return useLocalStorage({ key: 'sluice-run-table', defaultValue: DEFAULT, getInitialValueInEffect: false })
}

/** The button that chooses columns and density. */
export function TableSettingsButton(props: { settings: TableSettings; onChange: (settings: TableSettings) => void }) {
  const { settings, onChange } = props
  const { visible, density } = settings
  return (
    <Popover position="bottom-end" trapFocus returnFocus withinPortal>
      <Popover.Target>
        <Tooltip label="Columns and density">
          <ActionIcon variant="default" size={30} aria-label="Columns and density">
            <IconAdjustmentsHorizontal size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label="Columns and density">
        <Stack gap="xs">
          <Text size="sm" fw={600}>
            Columns
          </Text>
          {columns
            .filter(({ enableHiding }) => enableHiding !== false)
            .map(({ id, header }) => (
              <Checkbox
                key={id}
                size="xs"
                label={String(header)}
                checked={visible[String(id)] ?? true}
                onChange={(event) =>
                  onChange({ ...settings, visible: { ...visible, [String(id)]: event.currentTarget.checked } })
                }
              />
            ))}
          <Text size="sm" fw={600} id="run-density">
            Density
          </Text>
          <SegmentedControl
            size="xs"
            aria-labelledby="run-density"
            data={[
              { value: 'comfortable', label: 'Comfortable' },
              { value: 'compact', label: 'Compact' },
            ]}
            value={density}
            onChange={(value) => onChange({ ...settings, density: value })}
          />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
