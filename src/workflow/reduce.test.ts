import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { at } from './at.ts'
import { invertEdges, reduceEdges, type Edges } from './reduce.ts'

const always = () => true
const isFirmUnlessFromFirst = (dependency: number) => dependency !== 0
const isFirmUnlessToLast = (_: number, dependent: number) => dependent !== 2

/** Graphs whose edges lead from lower to higher indexes, so that their natural order is topological. */
const graphs = fc
  .integer({ min: 1, max: 40 })
  .chain((size) =>
    fc.tuple(
      ...Array.from({ length: size }, (_, step) => fc.uniqueArray(fc.nat(Math.max(0, step - 1)), { maxLength: step })),
    ),
  )

function indexes(edges: Edges): number[] {
  return [...edges.keys()]
}

/** Every step that one reaches over some edges, against the arrows, by walking. */
function reach(edges: Edges, from: number, mayPass: (dependency: number, dependent: number) => boolean): Set<number> {
  const seen = new Set<number>()
  const open = [from]
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    for (const dependency of at(edges, step)) {
      if (seen.has(dependency) || !mayPass(dependency, step)) continue
      seen.add(dependency)
      open.push(dependency)
    }
  }
  return seen
}

describe('reduceEdges', () => {
  test('drops an edge that a longer path implies', () => {
    expect(reduceEdges([[], [0], [1, 0]], [0, 1, 2], always)).toEqual([[], [0], [1]])
  })

  test('keeps an edge that only a path over an edge that is not firm implies', () => {
    expect(reduceEdges([[], [0], [1, 0]], [0, 1, 2], isFirmUnlessFromFirst)).toEqual([[], [0], [1, 0]])
  })

  test('needs no firm edge at the end of the path that implies', () => {
    expect(reduceEdges([[], [0], [1, 0]], [0, 1, 2], isFirmUnlessToLast)).toEqual([[], [0], [1]])
  })

  test('keeps reachability, and no edge without which it would be the same', () => {
    fc.assert(
      fc.property(graphs, (edges) => {
        const reduced = reduceEdges(edges, indexes(edges), always)
        for (const step of indexes(edges)) {
          expect(reach(reduced, step, always)).toEqual(reach(edges, step, always))
          for (const kept of at(reduced, step)) {
            const without = reach(reduced, step, (dependency, dependent) => dependency !== kept || dependent !== step)
            expect(without.has(kept)).toBe(false)
          }
        }
      }),
    )
  })

  test('drops an edge exactly where a path of firm edges leads to another dependency', () => {
    fc.assert(
      fc.property(graphs, fc.func(fc.boolean()), (edges, firm) => {
        const isFirm = (dependency: number, dependent: number) => firm(`${dependency} ${dependent}`)
        const reduced = reduceEdges(edges, indexes(edges), isFirm)
        for (const step of indexes(edges)) {
          const declared = at(edges, step)
          const implied = new Set(declared.flatMap((dependency) => [...reach(edges, dependency, isFirm)]))
          expect(at(reduced, step)).toEqual(declared.filter((dependency) => !implied.has(dependency)))
        }
      }),
    )
  })

  test('works across the words of its bit sets', () => {
    const chain = Array.from({ length: 200 }, (_, step) => (step === 0 ? [] : step === 1 ? [0] : [step - 1, 0]))
    const reduced = reduceEdges(chain, indexes(chain), always)
    expect(reduced.every((edges, step) => edges.length === (step === 0 ? 0 : 1) && edges[0] !== step)).toBe(true)
    expect(reduced.flat()).toEqual(Array.from({ length: 199 }, (_, step) => step))
  })
})

test('invertEdges turns every edge round, once, in the order of the file', () => {
  expect(invertEdges([[], [0], [0, 1]])).toEqual([[1, 2], [2], []])
})
