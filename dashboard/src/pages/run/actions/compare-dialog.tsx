import { Button, Group, Modal, Stack, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { newestRunsQuery } from '../../../api/runs.ts'
import type { Run } from '../../../api/shapes.ts'
import { Duration } from '../../../parts/duration.tsx'
import { ErrorState } from '../../../parts/error-state.tsx'
import { RowsSkeleton } from '../../../parts/skeletons.tsx'
import { StatusBadge } from '../../../parts/status-badge.tsx'
import { Time } from '../../../parts/time.tsx'
import { shortId } from '../../../parts/short-id.ts'

const OFFERED = 12
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/** Chooses the run that another is compared with: one of the newest of its workflow, or any by its id. */
export function CompareDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const navigate = useNavigate()
  const [id, setId] = useState('')
  const { data, error, refetch } = useQuery(newestRunsQuery({ workflow: run.workflow_id }))
  const others = data?.items.filter((other) => other.id !== run.id).slice(0, OFFERED)
  const choose = (other: string) => {
    onClose()
    void navigate({ to: '/runs/compare', search: { a: other, b: run.id } })
  }
  const given = id.trim()
  const isWrong = given !== '' && !UUID.test(given)
  return (
    <Modal opened onClose={onClose} title="Compare with another run" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="sm">
        <Text size="sm" fw={600} id="newest-runs">
          Newest runs of {run.workflow_name}
        </Text>
        {error !== null && <ErrorState error={error} onRetry={() => void refetch()} />}
        {others === undefined && error === null && <RowsSkeleton rows={4} />}
        {others?.length === 0 && (
          <Text size="sm" className="quiet">
            There is no other run of this workflow yet.
          </Text>
        )}
        <ul className="run-choices" aria-labelledby="newest-runs">
          {others?.map((other) => (
            <li key={other.id}>
              <UnstyledButton onClick={() => choose(other.id)} className="run-choice">
                <StatusBadge status={other.status} />
                <code className="id">{shortId(other.id)}</code>
                <span className="quiet">v{other.workflow_version}</span>
                <Duration from={other.started_at} to={other.completed_at} />
                <Time at={other.created_at} />
                {other.id === run.rerun_of && <span className="quiet">reran as this one</span>}
                {other.rerun_of === run.id && <span className="quiet">rerun of this one</span>}
              </UnstyledButton>
            </li>
          ))}
        </ul>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            if (UUID.test(given)) choose(given)
          }}
        >
          <Group align="flex-end" gap="xs">
            <TextInput
              label="Or any run by its id"
              value={id}
              onChange={(event) => setId(event.currentTarget.value)}
              error={isWrong ? 'This is not the id of a run' : null}
              flex={1}
            />
            <Button type="submit" variant="default" disabled={!UUID.test(given)}>
              Compare
            </Button>
          </Group>
        </form>
      </Stack>
    </Modal>
  )
}
