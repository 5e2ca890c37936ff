import type { Reason, Run, Why } from '../../api/shapes.ts'
import { isSettled } from '../../../../src/workflow/states.ts'

/** Why one step does not go on. */
export type StepWhy = Why['steps'][number]

/** The reasons of one step; undefined where nothing is known of it. */
export function whyOfStep(why: Why | undefined, stepId: string): StepWhy | undefined {
  return why?.steps.find(({ step_id: id }) => id === stepId)
}

/** What a run waits for before anything else: the step at whose end something else than a step stands. */
export interface RootCause {
  /** The step that waits for it; undefined where it is the run as a whole. */
  stepId: string | undefined
  reason: Reason
}

/** Kinds that somebody has to do something about go first. */
const ORDER = [
  'paused',
  'unexplained',
  'worker',
  'queue',
  'approval',
  'event',
  'slot',
  'start',
  'run',
  'items',
  'timer',
  'retry',
]

/** What a run that does not go on waits for: of several things the one that needs somebody most. */
export function rootCauseOf(run: Run, why: Why): RootCause | null {
  const [ofRun] = why.reasons
  if (ofRun !== undefined) return { stepId: undefined, reason: ofRun }
  const settled = new Set(run.steps.filter(({ status }) => isSettled(status)).map(({ step_id: id }) => id))
  const causes = why.steps.flatMap(({ step_id: id, chain }) => {
    const root = chain.at(-1)
    if (root === undefined || settled.has(id) || !ORDER.includes(root.kind)) return []
    return [{ stepId: stepAtRoot(id, chain), reason: root }]
  })
  const rank = ({ reason }: RootCause) => ORDER.indexOf(reason.kind)
  return causes.toSorted((a, b) => rank(a) - rank(b))[0] ?? null
}

/** The last step of a chain: the one that the root cause is about. */
function stepAtRoot(stepId: string, chain: readonly Reason[]): string {
  return chain.findLast((reason) => reason.kind === 'step')?.step_id ?? stepId
}
