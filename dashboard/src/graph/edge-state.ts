import type { Step } from '../api/shapes.ts'
import { isSettled } from '../../../src/workflow/states.ts'
import { type GraphEdge, type GraphModel, neighboursOf } from './graph-model.ts'

/** `plain`: of a definition that does not run. `taken`: its end may go on, or went on. `skipped`: led nowhere. */
export type EdgeState = 'plain' | 'pending' | 'taken' | 'skipped'

/** What of a step the state of its edges hangs on. */
export type StepFacts = Pick<Step, 'status' | 'started_at'>

/** Looks up a step of the run; undefined: there is no run, or not yet that step. */
export type FactsOf = (stepId: string) => StepFacts | undefined

/** Reads the state of edges, and says of which steps each hangs on. */
export interface EdgeStates {
  stateOf: (edge: GraphEdge, factsOf: FactsOf) => EdgeState
  watchedBy: (edge: GraphEdge) => string[]
}

/**
 * Tells how far the run has come over each edge. Lists of steps have no outputs, so the branch that a condition chose is
 * seen from what ran behind it: a step that ran and has only this edge shows that its branch was chosen.
 */
export function edgeStates(model: GraphModel): EdgeStates {
  const { before } = neighboursOf(model.edges)
  const branches = new Map<string, GraphEdge[]>()
  for (const edge of model.edges) {
    if (!edge.isGuarded) continue
    const known = branches.get(edge.from)
    if (known === undefined) branches.set(edge.from, [edge])
    else known.push(edge)
  }
  const chosen = (from: string, factsOf: FactsOf) =>
    branches.get(from)?.find(({ to }) => before(to).length === 1 && hasRun(factsOf(to)))?.label

  const stateOf: EdgeStates['stateOf'] = (edge, factsOf) => {
    const from = factsOf(edge.from)
    const to = factsOf(edge.to)
    if (from === undefined || to === undefined) return 'plain'
    if (!isSettled(from.status)) return 'pending'
    const goesOn = hasRun(to)
    if (from.status !== 'completed') return goesOn && from.status === 'failed' ? 'taken' : 'skipped'
    if (isSettled(to.status) && !goesOn) return 'skipped'
    if (!edge.isGuarded) return 'taken'
    const branch = edge.label === 'if' ? undefined : chosen(edge.from, factsOf)
    if (branch !== undefined && branch !== 'if') return branch === edge.label ? 'taken' : 'skipped'
    return goesOn ? 'taken' : 'pending'
  }
  return {
    stateOf,
    watchedBy: (edge) => {
      const others = edge.isGuarded ? (branches.get(edge.from) ?? []) : []
      return [...new Set([edge.from, edge.to, ...others.map(({ to }) => to)])]
    },
  }
}

/** Whether a step has begun, whatever came of it. */
export function hasRun(facts: StepFacts | undefined): boolean {
  if (facts === undefined || facts.status === 'pending') return false
  // A run that fails skips steps that wait to be tried again.
  return (facts.status !== 'skipped' && facts.status !== 'cancelled') || facts.started_at !== null
}
