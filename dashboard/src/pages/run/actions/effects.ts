import type { Run, WorkflowDetail } from '../../../api/shapes.ts'
import { isFinished, isSettled } from '../../../../../src/workflow/states.ts'
import { canBeUndone, definedId, definedSteps } from '../defined-steps.ts'
import { dependentsOf } from '../step-rows.ts'
import type { Control } from './use-control.ts'

/** What an operator can do to a run in the state that it is in, each with its effect said beforehand. */

/** Ids that are named one by one. */
const MOST_NAMED = 5

/** Cancelling; null where the run has ended or is being cancelled. `workflow`: of the run's version, once it is known. */
export function cancelControl(run: Run, workflow: WorkflowDetail | undefined): Control | null {
  if (isFinished(run.status) || run.status === 'cancelling') return null
  const own = run.steps.filter(({ parent_step_id: parent }) => parent === null)
  const running = own.filter(({ status }) => status === 'running').length
  const open = own.filter(({ status }) => !isSettled(status)).length - running
  const children = run.steps.some(({ child_run_id: id, status }) => id !== null && !isSettled(status))
  const sentences = [
    running > 0
      ? `${steps(running)} that run${running === 1 ? 's' : ''} now ${running === 1 ? 'is' : 'are'} told to stop.`
      : '',
    open > 0 ? `${steps(open)} that ${open === 1 ? 'has' : 'have'} not run will not.` : '',
    children ? 'Child runs are cancelled, too.' : '',
    'What completed stays done, unless the workflow says how to undo it.',
    workflow === undefined || isUndone(run, workflow) ? '' : 'A cancelled run can be retried later.',
  ]
  return {
    verb: 'cancel',
    done: 'The run is being cancelled',
    question: {
      title: 'Cancel this run?',
      text: sentences.filter(Boolean).join(' '),
      confirm: 'Cancel the run',
      danger: true,
    },
  }
}

/** Whether cancelling undoes what completed, or may yet: such a run cannot be retried. */
function isUndone({ steps }: Run, { definition }: WorkflowDetail): boolean {
  const undoable = new Set(
    definedSteps(definition)
      .filter(canBeUndone)
      .map(({ id }) => id),
  )
  return steps.some(
    ({ step_id: id, status }) => (status === 'completed' || status === 'running') && undoable.has(definedId(id)),
  )
}

/** Pausing; null where the run is not under way. */
export function pauseControl(run: Run): Control | null {
  if (!['queued', 'running', 'waiting'].includes(run.status)) return null
  const running = run.steps.filter(({ status }) => status === 'running').length
  const goesOn = running > 0 ? `${steps(running)} that run${running === 1 ? 's' : ''} now will finish. ` : ''
  return {
    verb: 'pause',
    done: 'Paused: no further step starts',
    undo: { verb: 'resume', from: 'paused' },
    question: {
      title: 'Pause this run?',
      text: `${goesOn}No further step starts, here and in child runs, until the run is resumed. Timers go on meanwhile.`,
      confirm: 'Pause the run',
    },
  }
}

/** Resuming; null unless the run is paused. Nothing is lost by it, so nothing is asked. */
export function resumeControl(run: Run): Control | null {
  return run.status === 'paused' ? { verb: 'resume', done: 'The run goes on' } : null
}

/** Repeating what failed; null where nothing of the kind can be done. */
export function retryControl(run: Run): Control | null {
  if (run.compensation !== null || (run.status !== 'failed' && run.status !== 'cancelled')) return null
  const again = run.steps.filter(
    ({ status, parent_step_id: parent }) =>
      parent === null && (status === 'failed' || status === 'cancelled' || status === 'skipped'),
  )
  return {
    verb: 'retry',
    done: 'The run goes on',
    question: {
      title: 'Retry what failed?',
      text: `The same run goes on. ${steps(again.length)} run again: ${named(again.map(({ step_id: id }) => id))}. What completed keeps its result.`,
      confirm: 'Retry',
    },
  }
}

/** Repeating a step and all that depends on it; null where that is not possible. */
export function retryFromControl(run: Run, stepId: string): Control | null {
  if (run.compensation !== null || run.status === 'cancelling') return null
  const step = run.steps.find(({ step_id: id }) => id === stepId)
  if (step === undefined || step.parent_step_id !== null) return null
  const [, ...after] = dependentsOf(run.steps, stepId)
  const rest =
    after.length === 0
      ? 'No other step depends on it.'
      : `So ${after.length === 1 ? 'does' : 'do'} the ${steps(after.length)} that depend${after.length === 1 ? 's' : ''} on it: ${named(after)}.`
  return {
    verb: 'retry',
    body: { from: stepId },
    done: `The run goes on from ${stepId}`,
    question: {
      title: `Retry from ${stepId}?`,
      text: `In this same run, ${stepId} runs again, whatever became of it. ${rest} Their results are replaced, and what their actions did outside may be done again; all other steps keep theirs.`,
      confirm: `Retry from ${stepId}`,
    },
  }
}

function steps(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'step' : 'steps'}`
}

function named(ids: readonly string[]): string {
  const rest = ids.length - MOST_NAMED
  return rest > 0 ? `${ids.slice(0, MOST_NAMED).join(', ')} and ${rest.toLocaleString('en')} more` : ids.join(', ')
}
