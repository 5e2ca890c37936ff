import { Autocomplete, Button, Group, SegmentedControl, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { createSchedule, changeSchedule, type ScheduleSettings } from '../../api/schedules.ts'
import type { Schedule } from '../../api/shapes.ts'
import { workflowNamesQuery } from '../../api/workflows.ts'
import { useNow } from '../../parts/clock.ts'
import { ErrorState } from '../../parts/error-state.tsx'
import { JsonField, parseJson } from '../../parts/json-field.tsx'
import { toastDone } from '../../parts/toasts.tsx'
import { OWN_ZONE } from '../../parts/zone.ts'
import { previewOf } from './cron-text.ts'
import { TimeList } from './next-runs.tsx'
import { useDebouncedValue } from '@mantine/hooks'
import { PAUSE_MS } from '../../parts/typed-field.tsx'

const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')]
const MINUTE_MS = 60_000

const OVERLAPS = [
  { value: 'skip', label: 'Skip that time' },
  { value: 'allow', label: 'Start another run' },
] as const

/** Makes a schedule, or changes one; its next times are shown while it is typed. */
export function ScheduleForm(props: {
  schedule: Schedule | undefined
  workflow: string | undefined
  onDone: () => void
}) {
  const { schedule, onDone } = props
  const cache = useQueryClient()
  const [workflow, setWorkflow] = useState(schedule?.workflow_name ?? props.workflow ?? '')
  const [typed] = useDebouncedValue(workflow, PAUSE_MS)
  const { data: names } = useQuery(workflowNamesQuery(typed))
  const [cron, setCron] = useState(schedule?.cron ?? '0 9 * * MON-FRI')
  const [timezone, setTimezone] = useState(schedule?.timezone ?? OWN_ZONE)
  const [overlap, setOverlap] = useState<Schedule['overlap']>(schedule?.overlap ?? 'skip')
  const [paused, setPaused] = useState(schedule?.paused ?? false)
  const [inputText, setInputText] = useState(JSON.stringify(schedule?.input ?? {}, null, 2))
  const [tried, setTried] = useState(false)
  const preview = previewOf({ cron, timezone }, useNow(MINUTE_MS))
  const input = parseJson(inputText)
  const save = useMutation({
    mutationFn: (settings: ScheduleSettings) =>
      schedule === undefined ? createSchedule(settings) : changeSchedule(schedule.id, changesOf(schedule, settings)),
    onSuccess: async () => {
      toastDone(schedule === undefined ? `Scheduled ${workflow}` : 'Changed the schedule')
      onDone()
      await cache.invalidateQueries({ queryKey: ['schedules'] })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (workflow === '' || !('times' in preview) || input.error !== null) return
    save.mutate({ workflow, cron, timezone, overlap, paused, input: (input.value ?? {}) as Schedule['input'] })
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <Autocomplete
          data-autofocus
          label="Workflow"
          required
          data={names ?? []}
          limit={50}
          value={workflow}
          onChange={setWorkflow}
          error={tried && workflow === '' && 'Needed'}
        />
        <Group gap="sm" grow align="flex-start" preventGrowOverflow={false}>
          <TextInput
            label="Cron"
            required
            description="Minute, hour, day of month, month, day of week"
            value={cron}
            onChange={(event) => setCron(event.currentTarget.value)}
            error={'cron' in preview && preview.cron}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
            spellCheck={false}
          />
          <Autocomplete
            label="Time zone"
            required
            description="An IANA name"
            data={ZONES}
            limit={50}
            value={timezone}
            onChange={setTimezone}
            error={'timezone' in preview && preview.timezone}
          />
        </Group>
        <section className="schedule-preview" aria-label="Preview" aria-live="polite">
          {'times' in preview ? (
            <>
              <Text size="sm" fw={600}>
                {preview.text}
              </Text>
              <TimeList times={preview.times.map((time) => time.toISOString())} timezone={timezone} />
            </>
          ) : (
            <Text size="sm" className="quiet">
              The next times show here once the fields above are right.
            </Text>
          )}
        </section>
        <div>
          <Text size="sm" fw={600} id="schedule-overlap" mb={4}>
            While the last run still lasts
          </Text>
          <SegmentedControl
            aria-labelledby="schedule-overlap"
            data={[...OVERLAPS]}
            value={overlap}
            onChange={setOverlap}
          />
        </div>
        <JsonField
          label="Input"
          description="JSON, of each run"
          value={inputText}
          onChange={setInputText}
          error={input.error}
          height="110px"
        />
        <Switch
          label="Paused"
          description="It keeps its times, and starts nothing"
          checked={paused}
          onChange={(event) => setPaused(event.currentTarget.checked)}
        />
        {save.error !== null && <ErrorState error={save.error} />}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending}>
            {schedule === undefined ? 'Create schedule' : 'Save changes'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** A workflow that is archived is named no more than need be: a schedule that keeps it may be changed otherwise. */
function changesOf(schedule: Schedule, { workflow, ...others }: ScheduleSettings): Partial<ScheduleSettings> {
  return workflow === schedule.workflow_name ? others : { workflow, ...others }
}
