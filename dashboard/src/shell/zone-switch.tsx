import { Button, Menu } from '@mantine/core'
import { IconCheck, IconClockHour4 } from '@tabler/icons-react'
import { OWN_ZONE, useZone } from '../parts/zone.ts'

/** Whether times are shown as of here or as of UTC. */
export function ZoneSwitch() {
  const { choice, choose } = useZone()
  const zones = [
    { value: 'local', label: OWN_ZONE, short: 'Local' },
    { value: 'UTC', label: 'UTC', short: 'UTC' },
  ]
  const chosen = zones.find(({ value }) => value === choice) ?? zones[0]
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="xs"
          px={6}
          leftSection={<IconClockHour4 size={16} aria-hidden />}
          aria-label={`Time zone: ${chosen?.label}`}
        >
          {chosen?.short}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Times are shown in</Menu.Label>
        {zones.map(({ value, label, short }) => (
          <Menu.Item
            key={value}
            rightSection={value === choice ? <IconCheck size={16} aria-label="chosen" /> : null}
            onClick={() => choose(value)}
          >
            {label === short ? label : `${short}: ${label}`}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
