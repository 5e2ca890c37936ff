import { ActionIcon, Group, Skeleton, Stack, Text, Tooltip } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { whyQuery } from '../../api/run-sides.ts'
import { runQuery } from '../../api/runs.ts'
import type { Run, Step } from '../../api/shapes.ts'
import { CopyId } from '../../parts/copy-id.tsx'
import { Duration } from '../../parts/duration.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { JsonView } from '../../parts/json-view.tsx'
import { LinkButton } from '../../parts/link-button.tsx'
import { RowsSkeleton } from '../../parts/skeletons.tsx'
import { StepDuration } from '../../parts/step-duration.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { TimedText } from '../../parts/timed-text.tsx'
import { Time } from '../../parts/time.tsx'
import { rootCauseOf } from '../run/why-of.ts'
import { isFinished } from '../../../../src/workflow/states.ts'

/** Steps that are listed; those that went wrong or go on come first. */
const MOST_STEPS = 30

/** A run beside the list: what it is, why it failed or waits, its steps and its input. */
export function RunPeek({ id, onClose }: { id: string; onClose: () => void }) {
  const { data: run, error, refetch } = useQuery(runQuery(id))
  return (
    <aside className="card run-peek" aria-label="Preview of the run">
      <Group justify="space-between" wrap="nowrap" gap="xs" mb="xs">
        {run === undefined ? <Skeleton height={22} width={180} /> : <StatusBadge status={run.status} />}
        <Group gap={6} wrap="nowrap">
          <LinkButton to="/runs/$run" params={{ run: id }} size="compact-sm" variant="default">
            Open
          </LinkButton>
          <Tooltip label="Close (Esc)">
            <ActionIcon variant="subtle" color="gray" aria-label="Close the preview" onClick={onClose}>
              <IconX size={16} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
      {error !== null && <ErrorState error={error} onRetry={() => void refetch()} />}
      {run === undefined && error === null && <RowsSkeleton rows={6} />}
      {run !== undefined && <Content run={run} />}
    </aside>
  )
}

function Content({ run }: { run: Run }) {
  const steps = run.steps.toSorted((a, b) => rank(a) - rank(b)).slice(0, MOST_STEPS)
  const left = run.steps.length - steps.length
  return (
    <Stack gap="sm">
      <div>
        <Text fw={600} component="h2" className="wrap-anywhere">
          {run.workflow_name} <span className="quiet">v{run.workflow_version}</span>
        </Text>
        <Group gap="xs" className="quiet run-peek-facts">
          <CopyId id={run.id} what="run id" />
          <span>
            <Time at={run.created_at} /> · <Duration from={run.started_at} to={run.completed_at} />
          </span>
        </Group>
      </div>
      <Reason run={run} />
      <ul className="plain-list run-peek-steps" aria-label="Steps">
        {steps.map((step) => (
          <li key={step.step_id}>
            <StatusBadge status={step.status} />
            <Link
              to="/runs/$run"
              params={{ run: run.id }}
              search={{ step: step.step_id }}
              className="row-link cut"
              title={step.step_id}
            >
              {step.step_id}
            </Link>
            <span className="quiet">
              <StepDuration step={step} />
            </span>
          </li>
        ))}
      </ul>
      {left > 0 && (
        <Text size="xs" className="quiet">
          and {left.toLocaleString('en')} more
        </Text>
      )}
      <div>
        <Text size="sm" fw={600} component="h3">
          Input
        </Text>
        <JsonView value={run.input} label="Input" maxHeight={200} />
      </div>
    </Stack>
  )
}

/** What failed, or what it waits for. */
function Reason({ run }: { run: Run }) {
  const { data: why } = useQuery(whyQuery(run.id, !isFinished(run.status) && run.status !== 'running'))
  if (run.error !== null) {
    return (
      <Text size="sm" className="tone-red run-peek-reason">
        {run.error.step_id !== null && <b>{run.error.step_id}: </b>}
        {run.error.message}
      </Text>
    )
  }
  const cause = why === undefined ? null : rootCauseOf(run, why)
  if (cause === null) return null
  return (
    <Text size="sm" className="tone-violet run-peek-reason">
      <TimedText text={cause.reason.text} />
    </Text>
  )
}

const FIRST: Readonly<Record<string, number>> = { failed: 0, running: 1, waiting: 2 }

function rank({ status }: Step): number {
  return FIRST[status] ?? 3
}
