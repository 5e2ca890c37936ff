import { ActionIcon, Button, Group, Menu } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import {
  IconBan,
  IconBraces,
  IconDots,
  IconGitCompare,
  IconLink,
  IconRepeat,
  IconPlayerPause,
  IconPlayerPlay,
  IconRefresh,
  IconTerminal2,
} from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { apiUrl } from '../../../api/client.ts'
import type { Run } from '../../../api/shapes.ts'
import { workflowQuery } from '../../../api/workflows.ts'
import { copyText } from '../../../parts/copy-text.ts'
import { toastDone } from '../../../parts/toasts.tsx'
import { isFinished } from '../../../../../src/workflow/states.ts'
import { cancelControl, pauseControl, resumeControl, retryControl } from './effects.ts'
import { type Control, useControl } from './use-control.ts'

const RerunDialog = lazy(() => import('./rerun-dialog.tsx').then((module) => ({ default: module.RerunDialog })))
const CompareDialog = lazy(() => import('./compare-dialog.tsx').then((module) => ({ default: module.CompareDialog })))

/** What can be done with the run now; what cannot is not offered. */
export function RunActions({ run }: { run: Run }) {
  const { busy, control } = useControl(run)
  const { data: workflow } = useQuery({
    ...workflowQuery(run.workflow_name, run.workflow_version),
    enabled: !isFinished(run.status),
  })
  const [rerunOpen, rerun] = useDisclosure()
  const [compareOpen, compare] = useDisclosure()
  const offered = [
    { label: 'Resume', icon: IconPlayerPlay, what: resumeControl(run), variant: 'filled' },
    { label: 'Retry failed', icon: IconRefresh, what: retryControl(run), variant: 'filled' },
    { label: 'Pause', icon: IconPlayerPause, what: pauseControl(run), variant: 'default' },
    { label: 'Cancel', icon: IconBan, what: cancelControl(run, workflow), variant: 'default' },
  ].flatMap(({ what, ...rest }) => (what === null ? [] : [{ ...rest, what: what satisfies Control }]))
  return (
    <Group gap="xs" role="group" aria-label="Actions of the run">
      {offered.map(({ label, icon: Icon, what, variant }) => (
        <Button
          key={label}
          size="xs"
          variant={variant}
          disabled={busy}
          leftSection={<Icon size={15} aria-hidden />}
          onClick={() => void control(what)}
        >
          {label}
        </Button>
      ))}
      <Button size="xs" variant="default" leftSection={<IconRepeat size={15} aria-hidden />} onClick={rerun.open}>
        Rerun…
      </Button>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label="More actions">
            <IconDots size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconGitCompare size={16} aria-hidden />} onClick={compare.open}>
            Compare with another run…
          </Menu.Item>
          <Menu.Item leftSection={<IconLink size={16} aria-hidden />} onClick={() => void copyLink()}>
            Copy the link to what is shown
          </Menu.Item>
          <Menu.Item
            component="a"
            href={apiUrl(`runs/${run.id}`)}
            target="_blank"
            leftSection={<IconBraces size={16} aria-hidden />}
          >
            Raw JSON
          </Menu.Item>
          <Menu.Item leftSection={<IconTerminal2 size={16} aria-hidden />} onClick={() => void copyCommand(run.id)}>
            Copy a curl command that reads it
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense fallback={null}>
        {rerunOpen && <RerunDialog run={run} onClose={rerun.close} />}
        {compareOpen && <CompareDialog run={run} onClose={compare.close} />}
      </Suspense>
    </Group>
  )
}

async function copyLink(): Promise<void> {
  if (await copyText(window.location.href)) toastDone('The link is on the clipboard')
}

async function copyCommand(id: string): Promise<void> {
  if (await copyText(`curl --silent '${apiUrl(`runs/${id}`)}'`)) toastDone('The command is on the clipboard')
}
