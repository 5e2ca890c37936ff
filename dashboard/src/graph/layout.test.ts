import { describe, expect, it } from 'vitest'
import { edgePath } from './edge-path.ts'
import { neighboursOf } from './graph-model.ts'
import { LayoutCache, layoutKey } from './layout-cache.ts'
import { layOut } from './layout.ts'
import { nextNode } from './next-node.ts'
import { columnsFor, layOutInRows } from './rows-layout.ts'

const size = { width: 200, height: 60 }
const nodes = ['a', 'b', 'c', 'd'].map((id) => ({ id, ...size }))
const edges = [
  { from: 'a', to: 'b' },
  { from: 'a', to: 'c' },
  { from: 'b', to: 'd' },
  { from: 'a', to: 'd' },
]
const input = { direction: 'LR', nodes, edges } as const
const layout = layOut(input)

describe('a layout', () => {
  it('goes along its direction, without nodes that overlap', () => {
    const { a, b, c, d } = layout.places
    expect(a!.x + size.width).toBeLessThan(b!.x)
    expect(b!.x).toBe(c!.x)
    expect(Math.abs(b!.y - c!.y)).toBeGreaterThanOrEqual(size.height)
    expect(b!.x).toBeLessThan(d!.x)
    const down = layOut({ ...input, direction: 'TB' }).places
    expect(down['a']!.y + size.height).toBeLessThan(down['b']!.y)
  })

  it('bends an edge around the ranks that it passes', () => {
    expect(layout.bends['a>d']!.length).toBeGreaterThan(0)
    expect(layout.bends['a>b']!.every(({ x }) => x > layout.places['a']!.x)).toBe(true)
  })

  it('in rows breaks like text', () => {
    const { places } = layOutInRows(nodes, 3)
    expect(places['c']!.y).toBe(places['a']!.y)
    expect(places['d']!.y).toBeGreaterThan(places['a']!.y)
    expect(places['d']!.x).toBe(places['a']!.x)
    // Two boxes of 200 with the gap between them, at half their size.
    expect(columnsFor(222, size.width, 0.5)).toBe(2)
    expect(columnsFor(221, size.width, 0.5)).toBe(1)
    expect(columnsFor(-300, size.width, 0.5)).toBe(1)
  })
})

describe('layouts that are known', () => {
  it('are found by what they are of, after a reload too', () => {
    const stored = new Map<string, string>()
    const storage = {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => void stored.set(key, value),
      removeItem: (key: string) => void stored.delete(key),
    }
    const key = layoutKey(input)
    new LayoutCache(storage).set(key, layout)
    expect(new LayoutCache(storage).get(key)).toEqual(layout)
    expect(layoutKey({ ...input, direction: 'TB' })).not.toBe(key)
    expect(layoutKey({ ...input, edges: edges.slice(1) })).not.toBe(key)
  })

  it('stay in memory where the storage is full, and are laid out anew where it has nonsense', () => {
    const full = {
      getItem: () => '{',
      setItem: () => {
        throw new Error('full')
      },
      removeItem: () => undefined,
    }
    const cache = new LayoutCache(full)
    expect(cache.get('k')).toBeUndefined()
    cache.set('k', layout)
    expect(cache.get('k')).toBe(layout)
  })
})

describe('the drawing of an edge', () => {
  it('goes from the far side of a node, past its bends, to the near side of the other', () => {
    const from = { x: 0, y: 0, ...size }
    const to = { x: 600, y: 100, ...size }
    const { path, middle } = edgePath(from, to, [{ x: 400, y: 80 }], 'LR')
    expect(path).toBe('M200,30 C300,30 300,80 400,80 C500,80 500,130 600,130')
    expect(middle).toEqual({ x: 400, y: 80 })
  })
})

describe('arrow keys', () => {
  const go = (from: string, key: Parameters<typeof nextNode>[1]) =>
    nextNode(from, key, { layout, direction: 'LR', neighbours: neighboursOf(edges) })

  it('follow edges, and change between steps of a rank', () => {
    expect(['b', 'c']).toContain(go('a', 'ArrowRight'))
    expect(go('b', 'ArrowLeft')).toBe('a')
    const [upper, lower] = layout.places['b']!.y < layout.places['c']!.y ? ['b', 'c'] : ['c', 'b']
    expect(go(upper, 'ArrowDown')).toBe(lower)
    expect(go(lower, 'ArrowUp')).toBe(upper)
    expect(go('a', 'ArrowLeft')).toBeNull()
  })
})
