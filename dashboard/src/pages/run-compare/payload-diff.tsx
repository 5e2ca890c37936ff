import { SegmentedControl, Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { stepQuery } from '../../api/run-sides.ts'
import type { RunDiff } from '../../api/shapes.ts'
import { ErrorState } from '../../parts/error-state.tsx'
import { Panel } from '../../parts/panel.tsx'

const DiffView = lazy(() => import('../../editor/diff-view.tsx').then((module) => ({ default: module.DiffView })))

/** The input or output of a step in both runs, with what differs marked. */
export function PayloadDiff(props: { diff: RunDiff; stepId: string; onClose: () => void }) {
  const { diff, stepId } = props
  const step = diff.steps.find(({ step_id: id }) => id === stepId)
  const [which, setWhich] = useState<'input' | 'output'>(
    step?.differs.includes('input') === true && !step.differs.includes('output') ? 'input' : 'output',
  )
  if (step === undefined) return <Text className="quiet">Neither run has a step {stepId}.</Text>
  return (
    <Panel
      title={`${stepId}: ${which}`}
      actions={
        <SegmentedControl
          size="xs"
          aria-label="What to compare"
          value={which}
          onChange={(value) => setWhich(value)}
          data={[
            { value: 'input', label: 'Input' },
            { value: 'output', label: 'Output' },
          ]}
        />
      }
    >
      <Sides diff={diff} step={step} which={which} />
    </Panel>
  )
}

function Sides({ diff, step, which }: { diff: RunDiff; step: RunDiff['steps'][number]; which: 'input' | 'output' }) {
  const a = useQuery({ ...stepQuery(diff.a.id, step.step_id), enabled: step.a !== null })
  const b = useQuery({ ...stepQuery(diff.b.id, step.step_id), enabled: step.b !== null })
  const error = a.error ?? b.error
  if (error !== null) return <ErrorState error={error} />
  if ((step.a !== null && a.data === undefined) || (step.b !== null && b.data === undefined)) {
    return <Skeleton height={200} />
  }
  const texts = [a.data?.[which], b.data?.[which]].map((value) => JSON.stringify(value ?? null, null, 2)) as [
    string,
    string,
  ]
  if (texts[0] === texts[1]) return <Text size="sm">The {which} is the same in both runs.</Text>
  return (
    <Suspense fallback={<Skeleton height={200} />}>
      <DiffView a={texts[0]} b={texts[1]} labelA={`${which} in A`} labelB={`${which} in B`} />
    </Suspense>
  )
}
