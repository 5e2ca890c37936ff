import { Graph, layout } from '@dagrejs/dagre'

/** Which way the graph goes: from left to right, or from top to bottom. */
export type Direction = 'LR' | 'TB'

/** What is to be laid out; sizes in pixels. */
export interface LayoutInput {
  direction: Direction
  nodes: readonly { id: string; width: number; height: number }[]
  edges: readonly { from: string; to: string }[]
}

/** A place in pixels. */
export interface Point {
  x: number
  y: number
}

/** Where everything goes: left upper corners of the nodes, and the points that edges bend at, by `from>to`. */
export interface Layout {
  width: number
  height: number
  places: Record<string, Point>
  bends: Record<string, Point[]>
}

/** Lays a graph out in ranks. 300 tangled nodes take 0.8 s, so that this belongs into a worker. */
export function layOut({ direction, nodes, edges }: LayoutInput): Layout {
  const graph = new Graph()
  graph.setGraph({ rankdir: direction, nodesep: direction === 'LR' ? 20 : 28, ranksep: 64, marginx: 8, marginy: 8 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height })
  for (const { from, to } of edges) graph.setEdge(from, to)
  layout(graph)
  const places: Record<string, Point> = {}
  let right = 0
  let bottom = 0
  for (const { id, width, height } of nodes) {
    const { x = 0, y = 0 } = graph.node(id)
    places[id] = rounded({ x: x - width / 2, y: y - height / 2 })
    right = Math.max(right, x + width / 2)
    bottom = Math.max(bottom, y + height / 2)
  }
  const bends: Record<string, Point[]> = {}
  for (const { from, to } of edges) {
    // The first and the last are where the edge meets its nodes, which the drawing knows better.
    const points = graph.edge(from, to).points ?? []
    bends[`${from}>${to}`] = points.slice(1, -1).map(rounded)
  }
  return { width: Math.ceil(right), height: Math.ceil(bottom), places, bends }
}

function rounded({ x, y }: Point): Point {
  return { x: Math.round(x), y: Math.round(y) }
}
