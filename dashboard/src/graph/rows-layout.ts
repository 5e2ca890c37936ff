import type { Layout, LayoutInput, Point } from './layout.ts'

const GAP = 44

/** Lays nodes out in rows that are read like text, for groups that follow each other. */
export function layOutInRows(nodes: LayoutInput['nodes'], perRow: number): Layout {
  const places: Record<string, Point> = {}
  let width = 0
  let height = 0
  for (const [index, node] of nodes.entries()) {
    const x = 8 + (index % perRow) * (node.width + GAP)
    const y = 8 + Math.floor(index / perRow) * (node.height + GAP)
    places[node.id] = { x, y }
    width = Math.max(width, x + node.width)
    height = Math.max(height, y + node.height)
  }
  return { width, height, places, bends: {} }
}

/** How many columns of a width are read easily in `room` pixels, at this zoom. */
export function columnsFor(room: number, width: number, zoom: number): number {
  return Math.max(1, Math.floor((room / zoom + GAP) / (width + GAP)))
}
