import { Group, SimpleGrid, Text } from '@mantine/core'
import type { RunDiff } from '../../api/shapes.ts'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { TextLink } from '../../parts/text-link.tsx'
import { durationText } from '../../parts/time-text.ts'
import { Time } from '../../parts/time.tsx'
import { deltaText } from './delta-text.ts'
import { shortId } from '../../parts/short-id.ts'

/** The two runs: what each is, and how they differ as a whole. */
export function RunPair({ diff }: { diff: RunDiff }) {
  const { a, b } = diff
  const delta = a.duration_ms === null || b.duration_ms === null ? null : b.duration_ms - a.duration_ms
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="md">
      <OneRun name="A" run={a} workflow={diff.workflow_name} />
      <OneRun name="B" run={b} workflow={diff.workflow_name} />
      <section className="card pair-card" aria-label="As a whole">
        <Text size="sm">
          {diff.same_version
            ? `Both are of version ${a.workflow_version}`
            : `Version ${a.workflow_version} against ${b.workflow_version}`}
        </Text>
        <Text size="sm">{diff.input_differs ? 'Their inputs differ' : 'Their inputs are the same'}</Text>
        <Text size="sm">
          {a.status === b.status ? bothText(a.status) : `A is ${a.status}, B is ${b.status}`}
          {delta !== null && `; B took ${deltaText(delta)}`}
        </Text>
      </section>
    </SimpleGrid>
  )
}

/** `Both failed`, but `Both are running`. */
function bothText(status: RunDiff['a']['status']): string {
  return status === 'completed' || status === 'failed' ? `Both ${status}` : `Both are ${status}`
}

function OneRun({ name, run, workflow }: { name: string; run: RunDiff['a']; workflow: string }) {
  return (
    <section className="card pair-card" aria-label={`Run ${name}`}>
      <Group justify="space-between" gap="xs">
        <Text fw={650}>
          {name} · {workflow} v{run.workflow_version}
        </Text>
        <StatusBadge status={run.status} />
      </Group>
      <Group gap="xs">
        <TextLink to="/runs/$run" params={{ run: run.id }} size="sm" className="id" title={run.id}>
          {shortId(run.id)}
        </TextLink>
        <Text size="sm" className="quiet">
          <Time at={run.created_at} show="absolute" />
        </Text>
      </Group>
      <Text size="sm" className="quiet duration">
        {run.duration_ms === null ? 'not ended' : durationText(run.duration_ms)}
      </Text>
    </section>
  )
}
