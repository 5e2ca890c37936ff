import { describe, expect, it } from 'vitest'
import { groupGraph } from './group-graph.ts'
import { partOfGraph, throughStep } from './part-of-graph.ts'
import { sampleGraph } from './sample-graph.ts'

const ids = (edges: readonly { id: string }[]) => edges.map(({ id }) => id).toSorted()

describe('the graph of a definition', () => {
  it('leaves out edges that longer paths imply, except guarded ones', () => {
    const graph = sampleGraph({ a: [], b: ['a'], c: ['a', 'b'], d: [{ step: 'a', branch: 'yes' }, 'c'] })
    expect(ids(graph.edges)).toEqual(['a>b', 'a>d', 'b>c', 'c>d'])
    expect(graph.edges.find(({ id }) => id === 'a>d')).toMatchObject({ label: 'yes', isGuarded: true })
    expect(graph.nodes.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('marks an edge that an expression guards', () => {
    const graph = sampleGraph({ a: [], b: [{ step: 'a', when: '$input.x == 1' }] })
    expect(graph.edges).toMatchObject([{ id: 'a>b', label: 'if', isGuarded: true }])
  })
})

describe('a part of a graph', () => {
  const graph = sampleGraph({ a: [], b: ['a'], c: ['b'], d: ['c'], other: [] })

  it('has an edge for each path that leads past steps that are not shown', () => {
    const part = partOfGraph(graph, new Set(['a', 'd', 'other']))
    expect(part.edges).toMatchObject([{ id: 'a>d', hidden: 2 }])
    expect(part.levels).toEqual([['a', 'other'], ['d']])
  })

  it('is the graph itself where all is shown', () => {
    expect(partOfGraph(graph, new Set(['a', 'b', 'c', 'd', 'other']))).toBe(graph)
  })

  it('through a step is what leads to it and what it leads to', () => {
    expect([...throughStep(graph, 'c')].toSorted()).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('a large graph', () => {
  it('is drawn step by step up to 300 steps', () => {
    const steps = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`s${index}`, []]))
    expect(groupGraph(sampleGraph(steps))).toBeNull()
  })

  it('is grouped by level above that', () => {
    const wide = Array.from({ length: 300 }, (_, index) => `s${index}`)
    const graph = sampleGraph({ begin: [], ...Object.fromEntries(wide.map((id) => [id, ['begin']])), end: wide })
    const grouped = groupGraph(graph)
    expect(grouped?.groups.map(({ name, steps }) => [name, steps.length])).toEqual([
      ['Level 1', 1],
      ['Level 2', 300],
      ['Level 3', 1],
    ])
    expect(grouped?.groupOf.get('s7')).toBe('group-2')
  })

  it('puts levels together where there are many, so that a long chain stays readable', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`s${index}`, index === 0 ? [] : [`s${index - 1}`]]),
    )
    const grouped = groupGraph(sampleGraph(chain))
    expect(grouped?.groups.length).toBeLessThanOrEqual(48)
    expect(grouped?.groups.flatMap(({ steps }) => steps)).toHaveLength(1000)
    expect(grouped?.groups[1]?.name).toBe('Levels 22 to 42')
  })
})
