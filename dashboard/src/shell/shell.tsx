import { AppShell } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Outlet } from '@tanstack/react-router'
import { NewVersionBar } from './new-version-bar.tsx'
import { Palette } from './palette.tsx'
import { Rail } from './rail.tsx'
import { ShortcutSheet } from './shortcut-sheet.tsx'
import { TopBar } from './top-bar.tsx'
import { useShortcuts } from './use-shortcuts.ts'

/** The frame of every page: rail, top bar, palette, shortcuts. */
export function Shell() {
  const [menuOpen, menu] = useDisclosure()
  const [sheetOpen, sheet] = useDisclosure()
  useShortcuts({ onHelp: sheet.open })
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 208, breakpoint: 'sm', collapsed: { mobile: !menuOpen } }}
      padding={{ base: 'sm', sm: 'lg' }}
    >
      <a className="skip-link" href="#content" onClick={focusContent}>
        Skip to the content
      </a>
      <AppShell.Header>
        <TopBar menuOpen={menuOpen} onMenu={menu.toggle} onHelp={sheet.open} />
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Pages">
        <Rail onNavigate={menu.close} />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <NewVersionBar />
        <Outlet />
      </AppShell.Main>
      <Palette />
      <ShortcutSheet opened={sheetOpen} onClose={sheet.close} />
    </AppShell>
  )
}

/** A link to #content would be resolved against <base href>, and leave the page. */
function focusContent(event: { preventDefault(): void }) {
  event.preventDefault()
  document.getElementById('content')?.focus()
}
