import { at } from './at.ts'
import { dependenciesOf, type Definition, type Step } from './definition.ts'
import { invertEdges, reduceEdges, type Edges } from './reduce.ts'
import { segmentsOf, withoutSegments, type Segments, type SegmentStep } from './segments.ts'

/**
 * The plan of a definition: in which order its steps run, and how they hang in a BullMQ flow, which is a tree. Steps are
 * named by index, their place in the file. docs/architecture.md, "From DAG to BullMQ flow", explains tree and gates.
 */
export interface Plan extends Segments {
  /** Topological: level by level, within a level as in the file. */
  order: number[]
  /** Execution levels: a step is one level below its lowest dependency; the steps of a level can run in parallel. */
  levels: number[][]
  /** A longest path, counted in steps; of several, the one whose steps come first in the file, seen from its end. */
  criticalPath: number[]
  /** All edges as declared, each once. */
  dependencies: number[][]
  /** The edges that must be waited for; longer paths imply the others. */
  reduced: number[][]
  /** Inverse of `reduced`. */
  dependents: number[][]
  /** The BullMQ parent: one of the step's dependents, or {@link ROOT}. */
  treeParent: number[]
  /** Reduced dependencies that hang elsewhere in the tree: where there are any, the step waits at a gate for them. */
  openers: number[][]
  /** Inverse of `openers`: the steps whose gates a settled step may have to open. */
  opens: number[][]
}

/** In place of a tree parent: the run's root job. */
export const ROOT = -1

/**
 * Most jobs on a path of the flow below the root; a segment is one job. `FlowProducer.add` recurses: 3,000 in a row are added in 0.4 s, 10,000
 * overflow the stack. A step deeper than this hangs from the root, and its dependents wait for it at gates.
 */
export const MAX_DEPTH = 500

/** What the plan looks at in a step. */
export type PlanStep = Pick<Step, 'id' | 'depends_on' | 'join' | 'on_error'> & SegmentStep

/**
 * Plans a valid definition. Throws an Error on a dependency that is not there and on a cycle; validation finds these
 * first. Measured: 10,000 steps with 99,000 edges in 0.2 s; a chain, a fan-out or a fan-in of 10,000 in 0.1 s.
 * `maxDepth` is the longest path of jobs below the root.
 */
export function planWorkflow(
  definition: { steps: readonly PlanStep[]; sequencing?: Definition['sequencing'] },
  maxDepth = MAX_DEPTH,
): Plan {
  const { steps } = definition
  const dependencies = edgesOf(steps)
  const levels = levelsOf(dependencies)
  const order = levels.flat()
  const reduced = reduceEdges(dependencies, order, (dependency, dependent) => isFirm(steps, dependency, dependent))
  const dependents = invertEdges(reduced)
  const segments =
    definition.sequencing === 'segment'
      ? segmentsOf(steps, { reduced, dependents, order })
      : withoutSegments(steps.length)
  const wished = chooseParents(reduced, dependents, order)
  const treeParent = limitDepth(wished, { order, carrier: segments.carrier, maxDepth })
  const openers = reduced.map((edges, step) => edges.filter((dependency) => treeParent[dependency] !== step))
  return {
    order,
    levels,
    criticalPath: criticalPathOf(dependencies, levels),
    dependencies,
    reduced,
    dependents,
    treeParent,
    openers,
    opens: invertEdges(openers),
    ...segments,
  }
}

/** A plan as the API shows it, by step id. */
export interface PlanSummary {
  topological_order: string[]
  levels: string[][]
  critical_path: string[]
  reduced_edges: { from: string; to: string }[]
  /** Steps that wait for steps outside their own subtree of the flow, and for which. */
  gates: { step: string; openers: string[] }[]
}

/** Shows a plan; `ids[index]` is the id of the step at that place in the file. */
export function planSummary(plan: Plan, ids: readonly string[]): PlanSummary {
  const name = (step: number): string => at(ids, step)
  return {
    topological_order: plan.order.map(name),
    levels: plan.levels.map((level) => level.map(name)),
    critical_path: plan.criticalPath.map(name),
    reduced_edges: plan.reduced.flatMap((edges, step) => edges.map((edge) => ({ from: name(edge), to: name(step) }))),
    gates: plan.openers.flatMap((openers, step) =>
      openers.length === 0 ? [] : [{ step: name(step), openers: openers.map(name) }],
    ),
  }
}

function edgesOf(steps: readonly PlanStep[]): number[][] {
  const indexOf = new Map(steps.map((step, index) => [step.id, index]))
  return steps.map((step) => {
    const edges = dependenciesOf(step).map((edge) => {
      const index = indexOf.get(edge.step)
      if (index === undefined) throw new Error(`step ${step.id} depends on ${edge.step}, which is not a step`)
      return index
    })
    return [...new Set(edges)]
  })
}

/**
 * An edge is firm when its dependent cannot have completed unless its dependency had: a join of all, on a dependency
 * whose failure counts. Every other completed step can stand below one that a retry runs again.
 */
function isFirm(steps: readonly PlanStep[], dependency: number, dependent: number): boolean {
  return at(steps, dependent).join === 'all' && at(steps, dependency).on_error === 'fail'
}

function levelsOf(dependencies: Edges): number[][] {
  const dependents = invertEdges(dependencies)
  const missing = dependencies.map((edges) => edges.length)
  const levels: number[][] = []
  let placed = 0
  let level = [...missing.keys()].filter((step) => missing[step] === 0)
  while (level.length > 0) {
    levels.push(level)
    placed += level.length
    const next: number[] = []
    for (const step of level) {
      for (const dependent of at(dependents, step)) {
        missing[dependent] = at(missing, dependent) - 1
        if (missing[dependent] === 0) next.push(dependent)
      }
    }
    level = next.toSorted((a, b) => a - b)
  }
  if (placed < dependencies.length) throw new Error('the dependencies form a cycle')
  return levels
}

function criticalPathOf(dependencies: Edges, levels: number[][]): number[] {
  const levelOf = new Int32Array(dependencies.length)
  for (const [depth, level] of levels.entries()) for (const step of level) levelOf[step] = depth
  const path: number[] = []
  let step = levels.at(-1)?.[0]
  while (step !== undefined) {
    path.push(step)
    const above = at(levelOf, step) - 1
    const candidates = at(dependencies, step).filter((dependency) => levelOf[dependency] === above)
    step = candidates.length === 0 ? undefined : candidates.reduce((a, b) => Math.min(a, b))
  }
  return path.toReversed()
}

/**
 * Each step's parent among its dependents, so that few steps need a gate: none does whose dependencies are all its own
 * children. Dependents take all of their dependencies, or none, in order of the rival claims on them (the fewest first:
 * choosing the most disjoint sets is NP-hard, and this is its usual greedy answer); what is left goes to the dependent
 * with the fewest dependencies left.
 *
 * Gates on the nine published DAGs, against "each step's first dependent": montage 55 for 60, soykb 47 for 56, the same
 * on the other seven (blast 40, bwa 100, cycles 34, epigenomics 16, genome 26, sarek 7, seismology 0). On 400 random
 * DAGs of 10 to 90 steps: 5,335 for 5,899; "the dependent with the fewest dependencies left" alone makes 5,474.
 */
function chooseParents(reduced: Edges, dependents: Edges, order: readonly number[]): number[] {
  const parent = reduced.map(() => ROOT)
  const rivals = reduced.map((edges) => edges.reduce((sum, edge) => sum + at(dependents, edge).length - 1, 0))
  const claimants = [...reduced.keys()].toSorted((a, b) => at(rivals, a) - at(rivals, b) || a - b)
  for (const claimant of claimants) {
    const claims = at(reduced, claimant)
    if (claims.every((step) => parent[step] === ROOT)) for (const step of claims) parent[step] = claimant
  }
  const left = reduced.map((edges) => edges.filter((step) => parent[step] === ROOT).length)
  for (const step of order) {
    const [first, ...others] = at(dependents, step)
    if (first === undefined || parent[step] !== ROOT) continue
    const chosen = others.reduce((best, other) => (at(left, other) < at(left, best) ? other : best), first)
    parent[step] = chosen
    left[chosen] = at(left, chosen) - 1
  }
  return parent
}

/** Hangs from the root whatever would be deeper than `maxDepth` jobs. Parents come after children in `order`. */
function limitDepth(
  parent: readonly number[],
  { order, carrier, maxDepth }: { order: readonly number[]; carrier: readonly number[]; maxDepth: number },
): number[] {
  const limited = [...parent]
  const depth = new Int32Array(parent.length)
  for (const step of order.toReversed()) {
    const above = at(limited, step)
    const below = above === ROOT ? 1 : at(depth, above) + (carrier[above] === carrier[step] ? 0 : 1)
    if (below > maxDepth) limited[step] = ROOT
    depth[step] = below > maxDepth ? 1 : below
  }
  return limited
}
