import { Text } from '@mantine/core'
import type { Step, StepDetail } from '../../../api/shapes.ts'
import { JsonView } from '../../../parts/json-view.tsx'
import { isSettled } from '../../../../../src/workflow/states.ts'

/** What went into a step, or came out of it. */
export function StepPayload(props: { which: 'input' | 'output'; step: Step; detail: StepDetail }) {
  const { which, step, detail } = props
  const value = detail[which]
  if (value === null) return <Text className="quiet">{absentText(which, step)}</Text>
  return (
    <JsonView value={value} label={`${which === 'input' ? 'Input' : 'Output'} of ${step.step_id}`} maxHeight={520} />
  )
}

function absentText(which: 'input' | 'output', step: Step): string {
  if (which === 'input') {
    return isSettled(step.status) || step.status === 'running'
      ? 'The definition gives this step no input.'
      : 'Not known yet: it is put together when the step begins.'
  }
  if (step.status === 'completed') return 'The step completed without an output.'
  return isSettled(step.status)
    ? `The step was ${step.status}: there is no output.`
    : 'Comes when the step has completed.'
}
