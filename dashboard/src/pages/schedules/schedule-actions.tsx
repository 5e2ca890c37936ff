import { ActionIcon, Group, Menu, Tooltip } from '@mantine/core'
import {
  IconDots,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerTrackNext,
  IconTrash,
} from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { changeSchedule, createSchedule, deleteSchedule, runScheduleNow } from '../../api/schedules.ts'
import type { Schedule } from '../../api/shapes.ts'
import { ask } from '../../parts/ask.tsx'
import { toastDone, toastError } from '../../parts/toasts.tsx'
import { cronText } from './cron-text.ts'

/** What can be done to a schedule. One that a definition makes can be paused and run, and is changed there. */
export function ScheduleActions({ schedule, onEdit }: { schedule: Schedule; onEdit: () => void }) {
  const { id, workflow_name, paused, trigger_index, cron, timezone, input, overlap } = schedule
  const cache = useQueryClient()
  const navigate = useNavigate()
  const refresh = () => cache.invalidateQueries({ queryKey: ['schedules'] })
  const pause = useMutation({
    mutationFn: (value: boolean) => changeSchedule(id, { paused: value }),
    onError: toastError,
    onSuccess: (changed) => {
      toastDone(changed.paused ? `Paused: no runs of ${workflow_name} from it` : 'Resumed', {
        undo: () => changeSchedule(id, { paused: !changed.paused }).then(refresh),
      })
      return refresh()
    },
  })
  const run = useMutation({
    mutationFn: () => runScheduleNow(schedule),
    onError: toastError,
    onSuccess: (started) => {
      toastDone(`Started a run of ${workflow_name}`, {
        open: () => void navigate({ to: '/runs/$run', params: { run: started.id } }),
      })
    },
  })
  const remove = useMutation({
    mutationFn: async () => {
      const yes = await ask({
        title: 'Delete this schedule?',
        text: `${workflow_name}, ${cronText(cron)} (${timezone}). Its runs stay.`,
        confirm: 'Delete schedule',
        danger: true,
      })
      if (!yes) return
      await deleteSchedule(id)
      toastDone('Deleted the schedule', {
        undo: () => createSchedule({ workflow: workflow_name, cron, timezone, input, overlap, paused }).then(refresh),
      })
    },
    onError: toastError,
    onSuccess: refresh,
  })
  const isOwned = trigger_index !== null
  const pauseLabel = paused ? 'Resume' : 'Pause'
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      <Tooltip label="Run now">
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Run ${workflow_name} now`}
          loading={run.isPending}
          onClick={() => run.mutate()}
        >
          <IconPlayerTrackNext size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={pauseLabel}>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`${pauseLabel} ${workflow_name}`}
          loading={pause.isPending}
          onClick={() => pause.mutate(!paused)}
        >
          {paused ? <IconPlayerPlay size={16} aria-hidden /> : <IconPlayerPause size={16} aria-hidden />}
        </ActionIcon>
      </Tooltip>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`More for ${workflow_name}`}>
            <IconDots size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {isOwned && <Menu.Label maw={220}>It comes from the definition: change it there.</Menu.Label>}
          <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} disabled={isOwned} onClick={onEdit}>
            Change
          </Menu.Item>
          <Menu.Item
            leftSection={<IconTrash size={16} aria-hidden />}
            disabled={isOwned}
            onClick={() => remove.mutate()}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  )
}
