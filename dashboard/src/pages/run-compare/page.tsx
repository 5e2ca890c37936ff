import { Chip, Group, Skeleton, Stack, Text } from '@mantine/core'
import { IconEqual, IconGitCompare } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { diffQuery } from '../../api/diff.ts'
import type { RunDiff } from '../../api/shapes.ts'
import { EmptyState } from '../../parts/empty-state.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { TextLink } from '../../parts/text-link.tsx'
import { useTitle } from '../../parts/use-title.ts'
import { FirstDifference } from './first-difference.tsx'
import { PayloadDiff } from './payload-diff.tsx'
import { RunPair } from './run-pair.tsx'
import { DiffTable } from './diff-table.tsx'
import './compare.css'
import { shortId } from '../../parts/short-id.ts'

const route = getRouteApi('/runs/compare')

/** Two runs side by side: where they part, and by how much. */
export function ComparePage() {
  const { a, b } = route.useSearch()
  useTitle('Compare runs')
  return (
    <>
      <PageHeader title="Compare runs" text="Where two runs of a workflow part, step by step" />
      {a === undefined || b === undefined ? <NoPair known={a ?? b} /> : <Pair a={a} b={b} />}
    </>
  )
}

function NoPair({ known }: { known: string | undefined }) {
  return (
    <EmptyState
      icon={IconGitCompare}
      title="Two runs are needed"
      text="Open one of them, and choose the other by “Compare with another run” in its menu."
    >
      {known !== undefined && (
        <TextLink to="/runs/$run" params={{ run: known }}>
          Open run {shortId(known)}
        </TextLink>
      )}
    </EmptyState>
  )
}

function Pair({ a, b }: { a: string; b: string }) {
  const { data, error, refetch } = useQuery(diffQuery(a, b))
  if (data !== undefined) return <Comparison diff={data} />
  if (error !== null) return <ErrorState error={error} onRetry={() => void refetch()} />
  return (
    <Stack gap="md" role="status" aria-label="Loading">
      <Skeleton height={110} />
      <Skeleton height={320} />
    </Stack>
  )
}

function Comparison({ diff }: { diff: RunDiff }) {
  const { only, step } = route.useSearch()
  const navigate = route.useNavigate()
  const differing = diff.steps.filter(isDifferent)
  const shown = only === 'different' ? differing : diff.steps
  const select = (id: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, step: id }), resetScroll: false })
  return (
    <Stack gap="md">
      <RunPair diff={diff} />
      <FirstDifference diff={diff} onSelect={select} />
      <Group gap="xs">
        <Chip
          size="xs"
          variant="outline"
          checked={only === 'different'}
          onChange={(checked) =>
            void navigate({
              search: (before) => ({ ...before, only: checked ? 'different' : undefined }),
              replace: true,
            })
          }
        >
          Only what differs
        </Chip>
        <Text size="xs" className="quiet" role="status">
          {differing.length.toLocaleString('en')} of {diff.steps.length.toLocaleString('en')} steps differ
        </Text>
      </Group>
      {shown.length === 0 ? (
        <EmptyState icon={IconEqual} title="No step differs" text="Times aside, both runs did the same." />
      ) : (
        <DiffTable steps={shown} selected={step} onSelect={select} />
      )}
      {step !== undefined && <PayloadDiff key={step} diff={diff} stepId={step} onClose={() => select(undefined)} />}
    </Stack>
  )
}

function isDifferent({ differs, only_in: onlyIn, a, b }: RunDiff['steps'][number]): boolean {
  return differs.length > 0 || onlyIn !== undefined || a?.status !== b?.status
}
