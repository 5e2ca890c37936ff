import { Button, Group, List, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { getJson, sendJson } from '../../api/client.ts'
import type { Drift } from '../../api/shapes.ts'
import { ErrorState } from '../../parts/error-state.tsx'
import { TextLink } from '../../parts/text-link.tsx'

/** Differences that are shown; the rest are counted. */
const SHOWN = 5

const REPAIR_WORDS: Record<NonNullable<Drift['items'][number]['repair']>, string> = {
  dispatched: 'dispatched anew',
  removed: 'removed',
  held: 'left to the worker that holds it',
  none: 'not repaired',
}

/** Compares the queue with Postgres when somebody asks, and makes good what differs. */
export function DriftCheck() {
  const look = useMutation({
    mutationFn: (repair: boolean) => (repair ? sendJson<Drift>('POST', 'ops/drift') : getJson<Drift>('ops/drift')),
  })
  const { data, error, variables: isRepair, isPending } = look
  return (
    <div className="drift">
      <Group justify="space-between" gap="xs">
        <Text size="sm" role="status">
          {data === undefined ? 'Does the queue agree with Postgres?' : wordsFor(data)}
        </Text>
        <Group gap="xs">
          <Button
            size="compact-xs"
            variant="default"
            loading={isPending && !isRepair}
            onClick={() => look.mutate(false)}
          >
            Check
          </Button>
          {data !== undefined && data.items.some(({ repair }) => repair === null) && (
            <Button size="compact-xs" loading={isPending && isRepair} onClick={() => look.mutate(true)}>
              Repair
            </Button>
          )}
        </Group>
      </Group>
      {error !== null && <ErrorState error={error} onRetry={() => look.mutate(isRepair ?? false)} />}
      {data !== undefined && !data.agrees && <Findings items={data.items} />}
    </div>
  )
}

function wordsFor({
  agrees,
  complete,
  looked_at: looked,
  missing_jobs: missing,
  leftover_jobs: leftover,
}: Drift): string {
  const seen = complete ? '' : ` (of the ${looked.runs.toLocaleString('en')} oldest unfinished runs)`
  if (agrees) return `The queue agrees with Postgres${seen}`
  return `Jobs: ${missing.toLocaleString('en')} missing, ${leftover.toLocaleString('en')} left over${seen}`
}

function Findings({ items }: { items: Drift['items'] }) {
  return (
    <List size="sm" mt="xs">
      {items.slice(0, SHOWN).map(({ kind, run_id: run, step_id: step, epoch, queue, text, repair }) => (
        <List.Item key={`${kind} ${run} ${step} ${epoch} ${queue}`}>
          <TextLink to="/runs/$run" params={{ run }} size="sm">
            {run.slice(0, 8)}
          </TextLink>{' '}
          {text}
          {repair !== null && ` ${REPAIR_WORDS[repair]}.`}
        </List.Item>
      ))}
      {items.length > SHOWN && <List.Item>and {(items.length - SHOWN).toLocaleString('en')} more</List.Item>}
    </List>
  )
}
