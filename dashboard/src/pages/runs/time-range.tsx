import { Button, Group, Popover, Stack, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconCalendar } from '@tabler/icons-react'
import { type FormEvent, useState } from 'react'
import { absoluteText } from '../../parts/time-text.ts'
import { OWN_ZONE, useZone } from '../../parts/zone.ts'
import { type RunSearch, type Span, SPAN_WORDS } from './run-search.ts'

type Range = Pick<RunSearch, 'since' | 'after' | 'before'>

/** When the runs were created: a span before now, or from one moment to another. */
export function TimeRange({ search, onChange }: { search: Range; onChange: (range: Range) => void }) {
  const [open, { toggle, close }] = useDisclosure()
  const { zone } = useZone()
  const apply = (range: Range) => {
    onChange({ since: undefined, after: undefined, before: undefined, ...range })
    close()
  }
  return (
    <Popover opened={open} onChange={toggle} position="bottom-start" trapFocus returnFocus withinPortal>
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconCalendar size={14} aria-hidden />}
          onClick={toggle}
          aria-label={`Created: ${rangeText(search, zone)}`}
        >
          {rangeText(search, zone)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Created">
        <Stack gap="sm" w={300}>
          <Group gap={6}>
            {(Object.keys(SPAN_WORDS) as Span[]).map((span) => (
              <Button
                key={span}
                size="compact-xs"
                variant={search.since === span ? 'filled' : 'default'}
                aria-pressed={search.since === span}
                onClick={() => apply({ since: span })}
              >
                {SPAN_WORDS[span]}
              </Button>
            ))}
            <Button size="compact-xs" variant="default" onClick={() => apply({})}>
              Any time
            </Button>
          </Group>
          <Absolute search={search} onApply={apply} />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

/** Two moments, sent by the button or by Enter. */
function Absolute({ search, onApply }: { search: Range; onApply: (range: Range) => void }) {
  const utc = useZone().zone === 'UTC'
  const [after, setAfter] = useState(() => fieldOf(search.after, utc))
  const [before, setBefore] = useState(() => fieldOf(search.before, utc))
  const isReversed = after !== '' && before !== '' && after >= before
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!isReversed) onApply({ after: momentOf(after, utc), before: momentOf(before, utc) })
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Text size="xs" className="quiet">
          Or between two moments ({utc ? 'UTC' : OWN_ZONE})
        </Text>
        <TextInput
          size="xs"
          type="datetime-local"
          step={1}
          label="From"
          value={after}
          onChange={(event) => setAfter(event.currentTarget.value)}
        />
        <TextInput
          size="xs"
          type="datetime-local"
          step={1}
          label="To"
          value={before}
          onChange={(event) => setBefore(event.currentTarget.value)}
          error={isReversed && 'Must be later than “From”'}
        />
        <Button type="submit" size="xs">
          Apply
        </Button>
      </Stack>
    </form>
  )
}

function rangeText({ since, after, before }: Range, zone: string): string {
  if (since !== undefined) return SPAN_WORDS[since]
  const text = (moment: string) => absoluteText(Date.parse(moment), zone)
  if (after !== undefined && before !== undefined) return `${text(after)} – ${text(before)}`
  if (after !== undefined) return `Since ${text(after)}`
  if (before !== undefined) return `Before ${text(before)}`
  return 'Any time'
}

/** A moment as a `datetime-local` field has it. */
function fieldOf(moment: string | undefined, utc: boolean): string {
  if (moment === undefined) return ''
  const date = new Date(moment)
  const shifted = utc ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
  return shifted.toISOString().slice(0, 19)
}

function momentOf(field: string, utc: boolean): string | undefined {
  return field === '' ? undefined : new Date(utc ? `${field}Z` : field).toISOString()
}
