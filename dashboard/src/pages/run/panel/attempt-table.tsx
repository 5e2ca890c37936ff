import { Anchor, Table } from '@mantine/core'
import type { Attempt } from '../../../api/shapes.ts'
import { useNow } from '../../../parts/clock.ts'
import { Duration } from '../../../parts/duration.tsx'
import { StatusBadge } from '../../../parts/status-badge.tsx'
import { durationText } from '../../../parts/time-text.ts'
import { Time } from '../../../parts/time.tsx'
import { useRunPlace } from '../use-run-place.ts'

/** The attempts of a step, oldest first: how each went, where, and when the next was due. */
export function AttemptTable({ attempts, stepId }: { attempts: readonly Attempt[]; stepId: string }) {
  const { search, go } = useRunPlace()
  return (
    <Table.ScrollContainer type="native" minWidth={380} tabIndex={0} role="region" aria-label={`Attempts of ${stepId}`}>
      <Table className="attempts" aria-label="Attempts">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>#</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th>Began</Table.Th>
            <Table.Th>Took</Table.Th>
            <Table.Th>Worker</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {attempts.map((attempt) => (
            <Table.Tr key={attempt.attempt} data-selected={attempt.attempt === search.attempt}>
              <Table.Td>{attempt.attempt}</Table.Td>
              <Table.Td>
                <StatusBadge status={attempt.status} />
                {attempt.error !== null && (
                  <Anchor
                    component="button"
                    type="button"
                    size="xs"
                    className="attempt-error"
                    title={attempt.error.message}
                    onClick={() => go({ panel: 'error', attempt: attempt.attempt })}
                  >
                    {attempt.error.message}
                  </Anchor>
                )}
                <Backoff attempt={attempt} />
              </Table.Td>
              <Table.Td>
                <Time at={attempt.started_at} />
              </Table.Td>
              <Table.Td>
                <Duration from={attempt.started_at} to={attempt.completed_at} />
              </Table.Td>
              <Table.Td className="quiet attempt-worker">{attempt.worker ?? '–'}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

/** How long after a failed attempt the next one was due; or when it is, as long as it is not. */
function Backoff({ attempt: { completed_at: end, retry_at: next } }: { attempt: Attempt }) {
  const now = useNow()
  if (next === null) return null
  const after = end === null ? '' : `after ${durationText(Date.parse(next) - Date.parse(end))}`
  if (after !== '' && Date.parse(next) <= now) return <div className="quiet attempt-next">next {after}</div>
  return (
    <div className="quiet attempt-next">
      next <Time at={next} />
      {after !== '' && ` (${after})`}
    </div>
  )
}
