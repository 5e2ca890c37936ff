import { at } from './at.ts'

/**
 * Transitive reduction: which edges of an acyclic graph must be waited for, because no longer path already does.
 *
 * Bad at: graphs far over the limits. Each step holds one bit for each step before it, so memory grows with the square
 * of the steps (6 MiB at 10,000), and time with edges x steps / 32 (10,000 steps and 100,000 edges: about 0.15 s).
 */

/** Edges by index: `dependencies[step]` are the steps that `step` waits for. */
export type Edges = readonly (readonly number[])[]

/**
 * The edges that remain when each edge is dropped that a longer path implies; reachability stays the same, order within
 * a step too. `order` must be topological and `dependencies` free of duplicates.
 *
 * A path implies an edge only when each of its steps but the last is joined by an edge that `isFirm`: its dependent
 * cannot have completed unless its dependency had. Otherwise a retry can leave a completed step in the middle of the
 * path while the first runs again, and the path would no longer make the last step wait. (With firm edges throughout,
 * this is the transitive reduction of the textbooks.)
 */
export function reduceEdges(
  dependencies: Edges,
  order: readonly number[],
  isFirm: (dependency: number, dependent: number) => boolean,
): number[][] {
  const position = new Int32Array(dependencies.length)
  for (const [place, step] of order.entries()) position[step] = place
  /** The steps that must have completed where `step` has, as bits by position. */
  const implied: Int32Array[] = []
  const reduced: number[][] = dependencies.map(() => [])

  for (const [place, step] of order.entries()) {
    const declared = at(dependencies, step)
    const reached = new Int32Array((place + 31) >>> 5)
    const dropped = new Set<number>()
    // Nearest first: whatever implies an edge comes before it.
    for (const dependency of declared.toSorted((a, b) => at(position, b) - at(position, a))) {
      if (has(reached, at(position, dependency))) dropped.add(dependency)
      else unite(reached, at(implied, dependency))
    }
    reduced[step] = dropped.size === 0 ? [...declared] : declared.filter((dependency) => !dropped.has(dependency))

    const firm = declared.filter((dependency) => isFirm(dependency, step))
    const all = firm.length === declared.length
    const certain = all ? reached : new Int32Array(firm.length === 0 ? 0 : reached.length)
    for (const dependency of firm) {
      if (!all) unite(certain, at(implied, dependency))
      add(certain, at(position, dependency))
    }
    implied[step] = certain
  }
  return reduced
}

/** The inverse: `dependents[step]` are the steps that wait for `step`, in the order of the file. */
export function invertEdges(dependencies: Edges): number[][] {
  const dependents: number[][] = dependencies.map(() => [])
  for (const [step, waitsFor] of dependencies.entries()) {
    for (const dependency of waitsFor) at(dependents, dependency).push(step)
  }
  return dependents
}

function has(bits: Int32Array, bit: number): boolean {
  return ((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0
}

function add(bits: Int32Array, bit: number): void {
  bits[bit >>> 5] = (bits[bit >>> 5] ?? 0) | (1 << (bit & 31))
}

/** Adds `other`, which is no longer, to `bits`. */
function unite(bits: Int32Array, other: Int32Array): void {
  for (let word = 0; word < other.length; word++) bits[word] = (bits[word] ?? 0) | (other[word] ?? 0)
}
