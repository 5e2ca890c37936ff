import { Anchor, Group, Stack, Text } from '@mantine/core'
import { IconExternalLink, IconHourglass } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { approvalsOfRunQuery, whyQuery } from '../../../api/run-sides.ts'
import type { Run, Step, StepDetail } from '../../../api/shapes.ts'
import { ApprovalFacts } from '../../../approvals/approval-facts.tsx'
import { DecideForm } from '../../../approvals/decide-form.tsx'
import { CopyButton } from '../../../parts/copy-button.tsx'
import { Duration } from '../../../parts/duration.tsx'
import { TimedText } from '../../../parts/timed-text.tsx'
import { Time } from '../../../parts/time.tsx'
import { isFinished, isSettled } from '../../../../../src/workflow/states.ts'
import { RunLink } from '../run-link.tsx'
import { readyAt } from '../step-rows.ts'
import { itemsText } from '../step-note.ts'
import { atStep, useRunPlace } from '../use-run-place.ts'
import { whyOfStep } from '../why-of.ts'
import { AttemptTable } from './attempt-table.tsx'
import { ItemTable } from './item-table.tsx'

/** How a step goes: why it waits, what it asks, its times, its attempts, its items, where its job is. */
export function StepOverview({ run, step, detail }: { run: Run; step: Step; detail: StepDetail }) {
  return (
    <Stack gap="md">
      <WhyWaiting run={run} step={step} />
      <Asked run={run} step={step} />
      <Facts run={run} step={step} detail={detail} />
      {detail.attempts.length > 0 && <AttemptTable attempts={detail.attempts} stepId={step.step_id} />}
      {step.items !== null && <ItemTable run={run} map={step} />}
    </Stack>
  )
}

/** In words, on every step that has not settled. */
function WhyWaiting({ run, step }: { run: Run; step: Step }) {
  const open = !isSettled(step.status) && !isFinished(run.status)
  const { data: why } = useQuery(whyQuery(run.id, open))
  if (!open) return null
  const found = whyOfStep(why, step.step_id)
  const texts = found === undefined ? [] : found.chain.map(({ text }) => text)
  return (
    <section className="why tone-violet" aria-label="Why is this waiting?">
      <Group gap={6} mb={4}>
        <IconHourglass size={15} aria-hidden />
        <Text size="sm" fw={600} component="h3">
          {step.status === 'running' ? 'What is it doing?' : 'Why is this waiting?'}
        </Text>
      </Group>
      {texts.length === 0 ? (
        <Text size="sm">{why === undefined ? 'Finding out…' : 'It is about to go on.'}</Text>
      ) : (
        <ol className="why-chain">
          {texts.map((text) => (
            <li key={text}>
              <TimedText text={text} />
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

function Asked({ run, step }: { run: Run; step: Step }) {
  const asks = step.type === 'approval' || step.type === 'human_gate' || step.waiting_for?.kind === 'approval'
  const { data } = useQuery({ ...approvalsOfRunQuery(run.id), enabled: asks })
  const approval = data?.find(({ step_id: id }) => id === step.step_id)
  if (approval === undefined) return null
  return (
    <section className="asked" aria-label="Approval">
      <Stack gap="sm">
        <ApprovalFacts approval={approval} />
        {approval.status === 'open' && <DecideForm approval={approval} />}
      </Stack>
    </section>
  )
}

function Facts({ run, step, detail }: { run: Run; step: Step; detail: StepDetail }) {
  const first = detail.attempts[0]?.started_at ?? step.started_at
  const ready = step.parent_step_id === null ? readyAt(step, run) : null
  const worker = detail.attempts.at(-1)?.worker ?? null
  return (
    <dl className="step-facts">
      {step.reason !== null && <Fact name="Reason">{step.reason}</Fact>}
      {ready !== null && (isSettled(step.status) ? first !== null : true) && (
        <Fact name="Waited for a worker">
          <Duration from={ready} to={first ?? (isSettled(step.status) ? ready : null)} />
        </Fact>
      )}
      <Fact name="Last attempt began">
        <Time at={step.started_at} show="absolute" />
      </Fact>
      <HowLong step={step} detail={detail} />
      {worker !== null && <Fact name="Worker">{worker}</Fact>}
      {step.items !== null && <Fact name="Items">{itemsText(step.items)}</Fact>}
      {step.child_run_id !== null && (
        <Fact name="Child run">
          <RunLink id={step.child_run_id} />
        </Fact>
      )}
      {step.parent_step_id !== null && (
        <Fact name={step.step_id.endsWith('.compensate') ? 'Undoes' : 'Item of'}>
          <StepLink id={step.parent_step_id} />
        </Fact>
      )}
      <Undone run={run} step={step} />
      {step.depends_on.length > 0 && (
        <Fact name="Depends on">
          <Group gap={6}>
            {step.depends_on.map((id) => (
              <StepLink key={id} id={id} />
            ))}
          </Group>
        </Fact>
      )}
      <Fact name="Idempotency key">
        <code className="id">{detail.idempotency_key}</code>{' '}
        <CopyButton text={detail.idempotency_key} what="idempotency key" />
      </Fact>
      {detail.job !== null && (
        <Fact name="BullMQ job">
          <Anchor
            href={
              new URL(`queues/queue/${detail.job.queue}/${encodeURIComponent(detail.job.id)}`, document.baseURI).href
            }
            target="_blank"
            size="sm"
          >
            in queue {detail.job.queue} <IconExternalLink size={13} aria-hidden />
          </Anchor>
        </Fact>
      )}
    </dl>
  )
}

/** When the step ended and how long it took; until then for how long it has been at it, or when it is tried again. */
function HowLong({ step, detail }: { step: Step; detail: StepDetail }) {
  const duration = <Duration from={step.started_at} to={step.completed_at} />
  if (isSettled(step.status)) {
    return (
      <>
        <Fact name="Ended">
          <Time at={step.completed_at} show="absolute" />
        </Fact>
        <Fact name="Took">{duration}</Fact>
      </>
    )
  }
  if (step.status === 'retrying') {
    return (
      <Fact name="Next try">
        <Time at={detail.attempts.at(-1)?.retry_at ?? null} />
      </Fact>
    )
  }
  if (step.status === 'pending') return null
  return <Fact name={step.status === 'waiting' ? 'Waiting for' : 'Running for'}>{duration}</Fact>
}

/** Where what the step did was, or is being, undone. */
function Undone({ run, step }: { run: Run; step: Step }) {
  const id = `${step.step_id}.compensate`
  if (!run.steps.some((other) => other.step_id === id)) return null
  return (
    <Fact name="Undone by">
      <StepLink id={id} />
    </Fact>
  )
}

function StepLink({ id }: { id: string }) {
  const { go } = useRunPlace()
  return (
    <Anchor component="button" type="button" size="sm" onClick={() => go(atStep(id))}>
      {id}
    </Anchor>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
