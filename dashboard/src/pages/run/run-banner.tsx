import { Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type Icon, IconAlertTriangle, IconArrowRight, IconHourglass, IconPlayerPause } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { approvalsOfRunQuery, whyQuery } from '../../api/run-sides.ts'
import type { Run } from '../../api/shapes.ts'
import { ApprovalFacts } from '../../approvals/approval-facts.tsx'
import { DecideForm } from '../../approvals/decide-form.tsx'
import type { Tone } from '../../parts/status.ts'
import { SendEvent } from './actions/send-event.tsx'
import { TimedText } from '../../parts/timed-text.tsx'
import { RunLink } from './run-link.tsx'
import { type RootCause, rootCauseOf } from './why-of.ts'

/** What needs attention, in one place: what failed first, or what the run waits for and what can be done about it. */
export function RunBanner({ run, onSelect }: { run: Run; onSelect: (stepId: string) => void }) {
  if (run.status === 'failed') return <FailureBanner run={run} onSelect={onSelect} />
  if (stands(run)) return <WaitingBanner run={run} onSelect={onSelect} />
  return <CompensationBanner run={run} onSelect={onSelect} />
}

/** Whether nothing is being done at the moment: a step that backs off leaves its run `running`, too. */
function stands({ status, steps }: Run): boolean {
  if (status === 'running') return !steps.some((step) => step.status === 'running')
  return status === 'waiting' || status === 'paused' || status === 'queued'
}

function FailureBanner({ run, onSelect }: { run: Run; onSelect: (stepId: string) => void }) {
  const stepId = run.error?.step_id ?? null
  return (
    <Banner tone="red" icon={IconAlertTriangle} label="Why the run failed">
      <Text size="sm" className="wrap-anywhere run-banner-text">
        {stepId !== null && <b>{stepId}: </b>}
        {run.error?.message ?? 'The run failed, and nothing says why.'}
      </Text>
      {stepId !== null && <GoToStep stepId={stepId} onSelect={onSelect} />}
    </Banner>
  )
}

/** A run that was cancelled or timed out, while what it did is undone, or could not be. */
function CompensationBanner({ run, onSelect }: { run: Run; onSelect: (stepId: string) => void }) {
  const failed = run.steps.find(
    ({ step_id: id, status }) => id.endsWith('.compensate') && (status === 'failed' || status === 'running'),
  )
  if (run.compensation !== 'failed' || failed === undefined) return null
  return (
    <Banner tone="red" icon={IconAlertTriangle} label="What could not be undone">
      <Text size="sm" className="wrap-anywhere run-banner-text">
        <b>{failed.step_id}: </b>
        {failed.error_message ?? 'what the step did could not be undone'}
      </Text>
      <GoToStep stepId={failed.step_id} onSelect={onSelect} />
    </Banner>
  )
}

function WaitingBanner({ run, onSelect }: { run: Run; onSelect: (stepId: string) => void }) {
  const { data: why, error } = useQuery(whyQuery(run.id, true))
  // Between two steps of a run that goes on nothing is to flash.
  const goesOn = run.status === 'running'
  if (why === undefined && error === null) return goesOn ? null : <Skeleton height={46} mb="md" radius="md" />
  const cause = why === undefined ? null : rootCauseOf(run, why)
  if (cause === null || (goesOn && isAboutToBeTaken(cause))) return null
  const { reason, stepId } = cause
  const isPaused = reason.kind === 'paused'
  return (
    <Banner
      tone={isPaused || reason.kind === 'worker' || reason.kind === 'unexplained' ? 'amber' : 'violet'}
      icon={isPaused ? IconPlayerPause : IconHourglass}
      label="Why the run waits"
    >
      <Text size="sm" className="wrap-anywhere run-banner-text">
        <TimedText text={reason.text} />
      </Text>
      <WayOut run={run} cause={cause} />
      {stepId !== undefined && <GoToStep stepId={stepId} onSelect={onSelect} />}
    </Banner>
  )
}

/** Whether a step has only just become due: a worker is free. */
function isAboutToBeTaken({ reason }: RootCause): boolean {
  return reason.kind === 'worker' && reason.busy < reason.alive
}

/** What can be done about a cause, in place. */
function WayOut({ run, cause: { reason, stepId } }: { run: Run; cause: RootCause }) {
  if (reason.kind === 'approval' && stepId !== undefined) return <DecideHere run={run} stepId={stepId} />
  if (reason.kind === 'event') return <SendEvent runId={run.id} name={reason.name} />
  if (reason.kind === 'run') return <RunLink id={reason.run_id} />
  if (reason.kind === 'slot') {
    return (
      <Group gap={6}>
        {reason.held_by.map((id) => (
          <RunLink key={id} id={id} />
        ))}
      </Group>
    )
  }
  return null
}

function DecideHere({ run, stepId }: { run: Run; stepId: string }) {
  const [open, { toggle }] = useDisclosure()
  const { data } = useQuery(approvalsOfRunQuery(run.id))
  const approval = data?.find(({ step_id: id, status }) => id === stepId && status === 'open')
  if (approval === undefined) return null
  return (
    <>
      <Button size="compact-xs" variant="default" aria-expanded={open} onClick={toggle}>
        Decide…
      </Button>
      {open && (
        <Stack gap="sm" className="run-banner-more">
          <ApprovalFacts approval={approval} />
          <DecideForm approval={approval} />
        </Stack>
      )}
    </>
  )
}

function GoToStep({ stepId, onSelect }: { stepId: string; onSelect: (stepId: string) => void }) {
  return (
    <Button
      size="compact-xs"
      variant="default"
      rightSection={<IconArrowRight size={14} aria-hidden />}
      onClick={() => onSelect(stepId)}
    >
      Go to step {stepId}
    </Button>
  )
}

function Banner(props: { tone: Tone; icon: Icon; label: string; children: ReactNode }) {
  const { tone, icon: Icon, label, children } = props
  return (
    <section className={`run-banner tone-${tone}`} aria-label={label}>
      <Icon size={18} aria-hidden className="run-banner-icon" />
      {children}
    </section>
  )
}
