import { Badge, Group, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Run } from '../../api/shapes.ts'
import { CopyId } from '../../parts/copy-id.tsx'
import { Duration } from '../../parts/duration.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { TextLink } from '../../parts/text-link.tsx'
import { Time } from '../../parts/time.tsx'
import { RunActions } from './actions/run-actions.tsx'
import { RunLink } from './run-link.tsx'
import { RunProgress } from './run-progress.tsx'

/** What the run is and how far it has come, and what can be done with it. */
export function RunHeader({ run }: { run: Run }) {
  return (
    <header className="run-header">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Group gap="sm" className="run-name">
          <Title order={1}>
            <TextLink to="/workflows/$workflow" params={{ workflow: run.workflow_name }} inherit c="inherit">
              {run.workflow_name}
            </TextLink>
          </Title>
          <span aria-live="polite">
            <StatusBadge status={run.status} />
          </span>
        </Group>
        <RunActions run={run} />
      </Group>
      <dl className="run-facts">
        <Fact name="Version">{run.workflow_version}</Fact>
        <Fact name="Run">
          <CopyId id={run.id} what="run id" />
        </Fact>
        <Fact name={run.started_at === null ? 'Created' : 'Started'}>
          <Time at={run.started_at ?? run.created_at} />
        </Fact>
        {run.started_at === null && run.start_at !== null && (
          <Fact name="Starts">
            <Time at={run.start_at} />
          </Fact>
        )}
        <Fact name="Duration">
          <Duration from={run.started_at} to={run.completed_at} />
        </Fact>
        {run.deadline_at !== null && run.completed_at === null && (
          <Fact name="Fails if unfinished">
            <Time at={run.deadline_at} />
          </Fact>
        )}
        <Origin run={run} />
        <Children run={run} />
        {run.compensation !== null && (
          <Fact name="Compensation">
            <StatusBadge status={run.compensation} />
          </Fact>
        )}
        {run.priority !== null && <Fact name="Priority">{run.priority}</Fact>}
        {run.tags.length > 0 && (
          <Fact name="Tags">
            <Group gap={4} component="span">
              {run.tags.map((tag) => (
                <Badge key={tag} color="gray" variant="default" size="sm">
                  {tag}
                </Badge>
              ))}
            </Group>
          </Fact>
        )}
      </dl>
      <RunProgress run={run} />
    </header>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="run-fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** What the run was started by, as far as the run says. */
function Origin({ run }: { run: Run }) {
  if (run.parent_run_id !== null) {
    return (
      <Fact name="Started by">
        a step of <RunLink id={run.parent_run_id} />
      </Fact>
    )
  }
  if (run.schedule_id !== null) {
    return (
      <Fact name="Started by">
        <TextLink to="/schedules" size="sm">
          a schedule
        </TextLink>
      </Fact>
    )
  }
  if (run.webhook_id !== null) {
    return (
      <Fact name="Started by">
        <TextLink
          to="/workflows/$workflow"
          params={{ workflow: run.workflow_name }}
          search={{ tab: 'webhooks' }}
          size="sm"
        >
          a webhook
        </TextLink>
      </Fact>
    )
  }
  if (run.rerun_of === null) return null
  return (
    <Fact name="Rerun of">
      <RunLink id={run.rerun_of} />
      {' · '}
      <TextLink to="/runs/compare" search={{ a: run.rerun_of, b: run.id }} size="sm">
        compare
      </TextLink>
    </Fact>
  )
}

const MOST_CHILDREN = 3

function Children({ run }: { run: Run }) {
  const children = run.steps.flatMap(({ child_run_id: id }) => id ?? [])
  if (children.length === 0) return null
  return (
    <Fact name={children.length === 1 ? 'Child run' : 'Child runs'}>
      <Group gap={6} component="span">
        {children.slice(0, MOST_CHILDREN).map((id) => (
          <RunLink key={id} id={id} />
        ))}
        {children.length > MOST_CHILDREN && (
          <Text span size="sm" className="quiet">
            and {children.length - MOST_CHILDREN} more, at their steps
          </Text>
        )}
      </Group>
    </Fact>
  )
}
