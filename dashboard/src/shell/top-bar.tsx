import { ActionIcon, Burger, Button, Group, Kbd, Text, Tooltip } from '@mantine/core'
import { spotlight } from '@mantine/spotlight'
import { IconKeyboard, IconSearch } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { LiveDot } from './live-dot.tsx'
import { ThemeSwitch } from './theme-switch.tsx'
import { ZoneSwitch } from './zone-switch.tsx'

/** Name, palette, time zone, live dot, theme, help. */
export function TopBar(props: { menuOpen: boolean; onMenu: () => void; onHelp: () => void }) {
  return (
    <Group h="100%" px="sm" gap="xs" justify="space-between" wrap="nowrap">
      <Group gap="xs" wrap="nowrap">
        <Burger opened={props.menuOpen} onClick={props.onMenu} hiddenFrom="sm" size="sm" aria-label="Menu" />
        <Link to="/" className="brand">
          <img src={new URL('favicon.svg', document.baseURI).href} width={22} height={22} alt="" />
          <Text fw={650} component="span">
            Sluice
          </Text>
        </Link>
      </Group>
      <Group gap={6} wrap="nowrap">
        <Button
          variant="default"
          size="xs"
          visibleFrom="sm"
          leftSection={<IconSearch size={14} aria-hidden />}
          rightSection={<Kbd size="xs">Ctrl K</Kbd>}
          onClick={spotlight.open}
        >
          Go to…
        </Button>
        <ActionIcon
          variant="subtle"
          color="gray"
          hiddenFrom="sm"
          aria-label="Go to…"
          onClick={spotlight.open}
          size="lg"
        >
          <IconSearch size={18} aria-hidden />
        </ActionIcon>
        <LiveDot />
        <ZoneSwitch />
        <ThemeSwitch />
        <Tooltip label="Keyboard shortcuts (?)">
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label="Keyboard shortcuts"
            onClick={props.onHelp}
            visibleFrom="sm"
          >
            <IconKeyboard size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Group>
    </Group>
  )
}
