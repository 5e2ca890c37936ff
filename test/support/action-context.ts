import type { ActionContext, ActionLog } from '../../workers/action.ts'

/** A log that keeps nothing. */
const silent: ActionLog = { debug() {}, info() {}, warn() {}, error() {} }

/** What an action sees of the first attempt of a step of a run without an order; `rest` says what is different. */
export function actionContext<Input>(input: Input, rest: Partial<ActionContext<Input>> = {}): ActionContext<Input> {
  return {
    input,
    config: {},
    runId: '01900000-0000-7000-8000-000000000001',
    stepId: 'step',
    workflow: 'test',
    orderId: null,
    attempt: 1,
    idempotencyKey: '01900000-0000-7000-8000-000000000001.step',
    signal: new AbortController().signal,
    log: silent,
    ...rest,
  }
}
