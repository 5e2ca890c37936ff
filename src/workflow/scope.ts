import type { Json } from './json-value.ts'
import type { StepStatus } from './states.ts'

/** What a step looks like to expressions and bindings. */
export interface StepView {
  /** Null until the step has completed, and where it did not. */
  output: Json
  status: StepStatus
  error: Json
}

/** The data that expressions and bindings of one step see. */
export interface Scope {
  input: Json
  context: Json
  /** The order attached to the run, or null. */
  order: Json
  /** Settled steps upstream; undefined for any other. */
  steps: (id: string) => StepView | undefined
  /** Inside `map`: the item and its place. */
  item?: Json
  index?: number
  /** Inside `config.match` of a `wait_event` step: the event, `{name, data}`. */
  event?: Json
}
