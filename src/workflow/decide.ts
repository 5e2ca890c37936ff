import type { Join } from './definition.ts'
import { isSettled, type RunStatus, type StepStatus } from './states.ts'
import type { WaitingFor } from './waiting-for.ts'

/**
 * The one rule: what a step's job does is decided here, from what Postgres says at that moment, and nowhere else.
 *
 *     the job's epoch is older than the run's       stale: a newer flow has the step
 *     the step has settled                          settled: the job has nothing to do
 *     it compensates another, and the run goes on   execute, once the compensation before it has settled
 *     the run is cancelling or has ended            cancel
 *     the run is paused                             stale: resuming adds a new flow
 *     it is an item, and its map has settled        cancel
 *     it is an item, and its map does not wait      stale: the map adds it anew
 *     it is an item beyond the map's concurrency    wait
 *     a dependency has not settled                  wait: the job came too early
 *     a step failed, and the workflow stops         skip; but what is parked on items or a child run goes on
 *     it is parked                                  execute: look whether what it waits for is there
 *     the join does not let the step execute        skip
 *     a condition that matters cannot be evaluated  fail
 *     `when` is false                               skip
 *     otherwise                                     execute
 *
 * The first row that fits counts. Total: every combination of facts has an answer, and nothing is thrown.
 */
export function decide(step: StepFacts, dependencies: readonly DependencyFacts[], run: RunFacts): Decision {
  if (run.jobEpoch < run.epoch) return { kind: 'stale' }
  if (isSettled(step.status)) return { kind: 'settled' }
  if (step.role?.kind === 'compensation') return decideCompensation(step, dependencies, run)
  return decideByRun(run) ?? decideByMap(step) ?? decideByDependencies(step, dependencies, run) ?? decideByWhen(step)
}

/** What to do about a step whose job has come up. */
export type Decision =
  | { kind: 'execute' }
  /** It has settled before. */
  | { kind: 'settled' }
  /** The job belongs to a flow that no longer counts. */
  | { kind: 'stale' }
  | { kind: 'skip'; reason: string }
  | { kind: 'cancel'; reason: string }
  | { kind: 'fail'; error: Failure }
  /** These dependencies have not settled. */
  | { kind: 'wait'; for: string[] }

export interface StepFacts {
  id: string
  status: StepStatus
  join: Join
  /** The step's `when`. */
  when?: Condition | undefined
  /** What it waits for, where it is parked. */
  parkedOn?: WaitingFor['kind'] | undefined
  /** What it is, where it is no step of the definition itself. */
  role?: StepRole | undefined
}

/** A row of a run beyond the definition's steps. */
export type StepRole =
  /** `admitted`: the map's concurrency has room for it. */
  | { kind: 'item'; map: StepStatus; admitted: boolean }
  /** Undoes a completed step of a run that failed or is being cancelled. */
  | { kind: 'compensation' }

export interface RunFacts {
  status: RunStatus
  /** Epoch of the job that came up. */
  jobEpoch: number
  /** Epoch of the run's newest flow. */
  epoch: number
  /** The step whose failure stopped the run (`on_failure: stop`). */
  haltedBy: string | null
}

/** One edge, with the dependency at its other end. */
export interface DependencyFacts {
  id: string
  status: StepStatus
  /** Its `on_error` is `continue`: failed, it counts as completed with no output. */
  tolerated: boolean
  /** The edge's `when`; evaluated only where the dependency counts as completed. */
  condition?: Condition | undefined
  /** The edge's `branch`, and the branch that the dependency took (null: none). */
  branch?: { wanted: string; taken: string | null } | undefined
}

/** Evaluates an expression; throws where it has no value. */
export type Condition = () => boolean

/** Why a condition could not be evaluated. */
export interface Failure {
  message: string
  code: 'expression'
}

function decideByRun(run: RunFacts): Decision | null {
  switch (run.status) {
    case 'cancelling':
    case 'cancelled':
      return { kind: 'cancel', reason: 'the run was cancelled' }
    case 'completed':
    case 'failed':
      return { kind: 'cancel', reason: `the run has ended: it is ${run.status}` }
    case 'paused':
      return { kind: 'stale' }
    case 'queued':
    case 'running':
    case 'waiting':
      return null
  }
}

/** Compensations run one after the other, whether or not the one before succeeded, also while the run is cancelled. */
function decideCompensation(step: StepFacts, before: readonly DependencyFacts[], run: RunFacts): Decision {
  const ended = run.status === 'cancelling' ? null : decideByRun(run)
  const unsettled = before.filter((edge) => !isSettled(edge.status))
  if (ended === null && unsettled.length > 0) return { kind: 'wait', for: unsettled.map((edge) => edge.id) }
  return ended ?? decideByWhen(step)
}

function decideByMap({ role }: StepFacts): Decision | null {
  if (role?.kind !== 'item') return null
  if (isSettled(role.map)) return { kind: 'cancel', reason: 'its map has ended' }
  if (role.map !== 'waiting') return { kind: 'stale' }
  return role.admitted ? null : { kind: 'wait', for: [] }
}

function decideByDependencies(step: StepFacts, edges: readonly DependencyFacts[], run: RunFacts): Decision | null {
  const unsettled = edges.filter((edge) => !isSettled(edge.status))
  if (unsettled.length > 0) return { kind: 'wait', for: [...new Set(unsettled.map((edge) => edge.id))] }
  const goesOn = step.parkedOn === 'items' || step.parkedOn === 'run'
  if (run.haltedBy !== null && !goesOn) return skip(stoppedBy(run.haltedBy))
  if (step.parkedOn !== undefined) return { kind: 'execute' }
  if (step.join === 'always' || edges.length === 0) return null
  return decideByJoin(step.join, edges.map(stateOf))
}

/** Why a step is skipped in a run that the failure of another has stopped. */
export function stoppedBy(haltedBy: string): string {
  return `step ${haltedBy} failed and the workflow stops on failure`
}

function decideByWhen(step: StepFacts): Decision {
  if (step.when === undefined) return { kind: 'execute' }
  const value = evaluate(step.when, 'the condition `when`')
  if (typeof value !== 'boolean') return { kind: 'fail', error: value }
  return value ? { kind: 'execute' } : skip('its condition `when` does not hold')
}

/** How an edge stands once its dependency has settled; `unknown`: active or not, its condition has no value. */
type EdgeState =
  | { kind: 'ok' }
  | { kind: 'inactive'; reason: string }
  | { kind: 'failed'; reason: string }
  | { kind: 'unknown'; error: Failure }

/**
 * `all`: every edge ok; `any`: at least one; `none_failed`: none failed and at least one ok. An edge of unknown state
 * fails the step only where the answer depends on it. The reason is the first edge's that is in the way.
 */
function decideByJoin(join: Exclude<Join, 'always'>, edges: readonly EdgeState[]): Decision | null {
  const ok = firstOf('ok', edges)
  const failed = firstOf('failed', edges)
  const unknown = firstOf('unknown', edges)
  const inTheWay = edges.find((edge) => edge.kind === 'failed' || edge.kind === 'inactive')
  switch (join) {
    case 'all':
      return skipFor(inTheWay) ?? failFor(unknown)
    case 'any':
      return ok ? null : (failFor(unknown) ?? skipFor(inTheWay))
    case 'none_failed':
      return skipFor(failed) ?? (ok ? null : (failFor(unknown) ?? skipFor(inTheWay)))
  }
}

function firstOf<Kind extends EdgeState['kind']>(kind: Kind, edges: readonly EdgeState[]) {
  return edges.find((edge): edge is Extract<EdgeState, { kind: Kind }> => edge.kind === kind)
}

function stateOf(edge: DependencyFacts): EdgeState {
  switch (edge.status) {
    case 'completed':
      return activityOf(edge)
    case 'failed':
      return edge.tolerated ? activityOf(edge) : { kind: 'failed', reason: `dependency ${edge.id} failed` }
    case 'cancelled':
      return { kind: 'failed', reason: `dependency ${edge.id} was cancelled` }
    case 'skipped':
      return { kind: 'inactive', reason: `dependency ${edge.id} was skipped` }
    case 'pending':
    case 'running':
    case 'retrying':
    case 'waiting':
      return { kind: 'inactive', reason: `dependency ${edge.id} has not settled` }
  }
}

/** A failed dependency has no output, so it took no branch. */
function activityOf(edge: DependencyFacts): EdgeState {
  const { branch, condition } = edge
  const isTaken = branch === undefined || (edge.status === 'completed' && branch.taken === branch.wanted)
  if (!isTaken) return { kind: 'inactive', reason: `branch "${branch.wanted}" of ${edge.id} was not taken` }
  if (condition === undefined) return { kind: 'ok' }
  const value = evaluate(condition, `the condition on ${edge.id}`)
  if (typeof value !== 'boolean') return { kind: 'unknown', error: value }
  return value ? { kind: 'ok' } : { kind: 'inactive', reason: `the condition on ${edge.id} does not hold` }
}

function evaluate(condition: Condition, what: string): boolean | Failure {
  try {
    return condition()
  } catch (thrown) {
    const why = thrown instanceof Error ? `: ${thrown.message}` : ''
    return { code: 'expression', message: `${what} cannot be evaluated${why}` }
  }
}

function skipFor(edge: { reason: string } | undefined): Decision | null {
  return edge === undefined ? null : skip(edge.reason)
}

function failFor(edge: { error: Failure } | undefined): Decision | null {
  return edge === undefined ? null : { kind: 'fail', error: edge.error }
}

function skip(reason: string): Decision {
  return { kind: 'skip', reason }
}
