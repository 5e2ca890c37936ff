import { Drawer } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useCallback, useMemo } from 'react'
import type { Run } from '../../api/shapes.ts'
import { OrderCard } from './order-card.tsx'
import { StepPanel } from './panel/step-panel.tsx'
import { RunBanner } from './run-banner.tsx'
import { RunHeader } from './run-header.tsx'
import { RunViews } from './run-views.tsx'
import { StepHint } from './step-hint.tsx'
import { atStep, useRunPlace } from './use-run-place.ts'
import './run.css'

/** From here on the panel of a step has a place beside the views. */
const WIDE = '(min-width: 56.25em)'

/** A run: header, what needs attention, the views, and the selected step beside them (over them where it is narrow). */
export function RunView({ run, streamed }: { run: Run; streamed: boolean }) {
  const { search, go } = useRunPlace()
  const isWide = useMediaQuery(WIDE, true, { getInitialValueInEffect: false })
  const step = useMemo(() => run.steps.find(({ step_id: id }) => id === search.step), [run.steps, search.step])
  const select = useCallback((id: string | undefined) => go(atStep(id)), [go])
  const panel = step === undefined ? null : <StepPanel key={step.step_id} run={run} step={step} streamed={streamed} />
  return (
    <>
      <RunHeader run={run} />
      <RunBanner run={run} onSelect={select} />
      <div className="run-body">
        <div className="run-main">
          <RunViews run={run} streamed={streamed} isWide={isWide} selected={step?.step_id} onSelect={select} />
        </div>
        <div className="run-side">
          {run.order_id !== null && <OrderCard id={run.order_id} runId={run.id} onSelect={select} />}
          {isWide && (panel ?? <StepHint run={run} missing={search.step} />)}
        </div>
      </div>
      {!isWide && (
        <Drawer.Root opened={panel !== null} onClose={() => select(undefined)} position="right" size="100%">
          <Drawer.Content aria-label={`Step ${search.step ?? ''}`}>
            <Drawer.Body>{panel}</Drawer.Body>
          </Drawer.Content>
        </Drawer.Root>
      )}
    </>
  )
}
