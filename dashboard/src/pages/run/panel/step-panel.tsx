import { ActionIcon, Button, Group, Skeleton, Tabs, Text, Title } from '@mantine/core'
import { IconRefresh, IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { stepQuery } from '../../../api/run-sides.ts'
import type { Run, Step, StepDetail } from '../../../api/shapes.ts'
import { CopyButton } from '../../../parts/copy-button.tsx'
import { ErrorState } from '../../../parts/error-state.tsx'
import { StatusBadge } from '../../../parts/status-badge.tsx'
import { retryFromControl } from '../actions/effects.ts'
import { useControl } from '../actions/use-control.ts'
import { PANEL_TABS, type PanelTab } from '../search-words.ts'
import { kindOf } from '../step-note.ts'
import { atStep, useRunPlace } from '../use-run-place.ts'
import { StepConfig } from './step-config.tsx'
import { StepErrors } from './step-errors.tsx'
import { StepOverview } from './step-overview.tsx'
import { StepPayload } from './step-payload.tsx'

const LogView = lazy(() => import('../logs/log-view.tsx').then((module) => ({ default: module.LogView })))

const NAMES: Record<PanelTab, string> = {
  overview: 'Overview',
  input: 'Input',
  output: 'Output',
  error: 'Error',
  logs: 'Logs',
  config: 'Config',
}

/** One step: how it goes, what went in and came out, what went wrong, what it said, how it is set. */
export function StepPanel({ run, step, streamed }: { run: Run; step: Step; streamed: boolean }) {
  const { search, go } = useRunPlace()
  const { data: detail, error, refetch } = useQuery(stepQuery(run.id, step.step_id))
  const tab = search.panel ?? 'overview'
  return (
    <section className="card step-panel" aria-label={`Step ${step.step_id}`}>
      <header className="step-panel-head">
        <Group gap={4} wrap="nowrap" miw={0}>
          <Title order={2} className="wrap-anywhere">
            {step.step_id}
          </Title>
          <CopyButton text={step.step_id} what="step id" />
        </Group>
        <Group gap="xs" wrap="nowrap">
          <StatusBadge status={step.status} />
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label="Close the step"
            data-autofocus
            onClick={() => go(atStep(undefined))}
          >
            <IconX size={16} aria-hidden />
          </ActionIcon>
        </Group>
        <Group justify="space-between" w="100%" gap="xs">
          <Text size="sm" className="quiet wrap-anywhere">
            {kindOf(step)}
          </Text>
          <RetryFrom run={run} step={step} />
        </Group>
      </header>
      <Tabs
        value={tab}
        onChange={(value) => go({ panel: (value ?? 'overview') as PanelTab, line: undefined }, { replace: true })}
        keepMounted={false}
      >
        <Tabs.List aria-label="What to see of the step" className="run-tabs">
          {PANEL_TABS.map((one) => (
            <Tabs.Tab
              key={one}
              value={one}
              disabled={one === 'error' && step.error_message === null && !hasErrors(detail)}
            >
              {NAMES[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab} className="step-panel-body">
          {error !== null && <ErrorState error={error} onRetry={() => void refetch()} />}
          {tab === 'logs' ? (
            <Suspense fallback={<Skeleton height={200} />}>
              {search.attempt !== undefined && (
                <Button
                  size="compact-xs"
                  variant="light"
                  mb="xs"
                  rightSection={<IconX size={12} aria-hidden />}
                  aria-label={`Only attempt ${search.attempt}: show all`}
                  onClick={() => go({ attempt: undefined }, { replace: true })}
                >
                  Only attempt {search.attempt}
                </Button>
              )}
              <LogView run={run} stepId={step.step_id} attempt={search.attempt} streamed={streamed} height="50vh" />
            </Suspense>
          ) : detail === undefined ? (
            error === null && <Skeleton height={200} />
          ) : (
            <OneTab tab={tab} run={run} step={step} detail={detail} />
          )}
        </Tabs.Panel>
      </Tabs>
    </section>
  )
}

function OneTab(props: { tab: PanelTab; run: Run; step: Step; detail: StepDetail }) {
  const { tab, run, step, detail } = props
  if (tab === 'input') return <StepPayload which="input" step={step} detail={detail} />
  if (tab === 'output') return <StepPayload which="output" step={step} detail={detail} />
  if (tab === 'error') return <StepErrors step={step} detail={detail} />
  if (tab === 'config') return <StepConfig run={run} step={step} />
  return <StepOverview run={run} step={step} detail={detail} />
}

function hasErrors(detail: StepDetail | undefined): boolean {
  return detail?.attempts.some(({ error }) => error !== null) === true
}

function RetryFrom({ run, step }: { run: Run; step: Step }) {
  const { busy, control } = useControl(run)
  const what = retryFromControl(run, step.step_id)
  if (what === null || step.status === 'pending') return null
  return (
    <Button
      size="compact-xs"
      variant="default"
      disabled={busy}
      leftSection={<IconRefresh size={14} aria-hidden />}
      onClick={() => void control(what)}
    >
      Retry from here…
    </Button>
  )
}
