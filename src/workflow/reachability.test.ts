import fc from 'fast-check'
import { expect, it } from 'vitest'
import { JOINS, type Join } from './definition.ts'
import { findUnreachable, type ReachGraph } from './reachability.ts'

/** A random graph; every step is a condition with two branches, and edges may ask for one of them. */
interface Sketch {
  join: Join
  edges: { from: number; branch: 'true' | 'false' | undefined }[]
}

function sketches(joins: readonly Join[]): fc.Arbitrary<Sketch[]> {
  const edge = fc.record({ from: fc.nat(), branch: fc.constantFrom('true' as const, 'false' as const, undefined) })
  const step = fc.record({ join: fc.constantFrom(...joins), edges: fc.array(edge, { maxLength: 3 }) })
  return fc.array(step, { minLength: 2, maxLength: 9 }).map((steps) =>
    steps.map(({ join, edges }, index) => ({
      join,
      edges: index === 0 ? [] : edges.map(({ from, branch }) => ({ from: from % index, branch })),
    })),
  )
}

function claimed(steps: readonly Sketch[]): Set<number> {
  const graph: ReachGraph = {
    steps: steps.map(({ join }, index) => ({
      id: `s${index}`,
      type: 'condition',
      join,
      when: undefined,
      expression: 'input.x > 1',
    })),
    edges: steps.map(({ edges }) =>
      edges.map(({ from, branch }, place) => ({ place, from, step: `s${from}`, when: undefined, branch })),
    ),
    order: steps.map((_, index) => index),
  }
  return new Set(findUnreachable(graph).map(({ step }) => step))
}

/** The steps that execute in no choice of branches, by trying all of them. */
function neverExecuting(steps: readonly Sketch[]): Set<number> {
  const never = new Set(steps.keys())
  for (let choice = 0; choice < 1 << steps.length; choice += 1) {
    const executes: boolean[] = []
    for (const { join, edges } of steps) {
      const active = edges.map(({ from, branch }) => {
        const chosen = (choice & (1 << from)) === 0 ? 'false' : 'true'
        return executes[from] === true && (branch === undefined || branch === chosen)
      })
      const isFree = edges.length === 0 || join === 'always'
      executes.push(isFree || (join === 'all' ? active.every(Boolean) : active.some(Boolean)))
    }
    for (const [index, does] of executes.entries()) if (does) never.delete(index)
  }
  return never
}

it('a step that some choice of branches executes is never called unreachable', () => {
  fc.assert(
    fc.property(sketches(JOINS), (steps) => {
      const never = neverExecuting(steps)
      expect([...claimed(steps)].filter((step) => !never.has(step))).toEqual([])
    }),
    { numRuns: 2_000 },
  )
})

it('where every join is all or always, every step that no choice executes is found', () => {
  fc.assert(
    fc.property(sketches(['all', 'always']), (steps) => {
      expect(claimed(steps)).toEqual(neverExecuting(steps))
    }),
    { numRuns: 2_000 },
  )
})

it('a join that follows two conditions of which one is decided knows what its alternatives share', () => {
  const steps: Sketch[] = [
    { join: 'all', edges: [] },
    { join: 'all', edges: [{ from: 0, branch: 'true' }] },
    { join: 'all', edges: [{ from: 1, branch: 'true' }] },
    { join: 'all', edges: [{ from: 1, branch: 'false' }] },
    {
      join: 'any',
      edges: [
        { from: 2, branch: undefined },
        { from: 3, branch: undefined },
      ],
    },
    {
      join: 'all',
      edges: [
        { from: 4, branch: undefined },
        { from: 0, branch: 'false' },
      ],
    },
    {
      join: 'all',
      edges: [
        { from: 4, branch: undefined },
        { from: 1, branch: 'false' },
      ],
    },
  ]
  expect(claimed(steps)).toEqual(new Set([5]))
})
