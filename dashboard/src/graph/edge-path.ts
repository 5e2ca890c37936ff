import type { Direction, Layout, Point } from './layout.ts'

/** A node's box, pixels. */
export interface Box extends Point {
  width: number
  height: number
}

/** A line as an SVG path, and where its label goes. */
export interface EdgePath {
  path: string
  middle: Point
  /** Corners of the arrow head. */
  head: string
}

/** The curve of an edge: out of the far side of its first node, past its bends, into the near side of its last one. */
export function edgePath(from: Box, to: Box, bends: readonly Point[], direction: Direction): EdgePath {
  // In rows the last of a row leads to the first of the next.
  if (direction === 'LR' && to.x <= from.x) return edgePath(from, to, [], 'TB')
  const start = outOf(from, direction)
  const end = into(to, direction)
  const points = [start, ...bends, end]
  let path = `M${start.x},${start.y}`
  for (const [index, b] of points.slice(1).entries()) {
    const a = points[index] ?? b
    path += ` C${curve(a, b, direction)}`
  }
  const middle = points.length % 2 === 1 ? points[(points.length - 1) / 2] : undefined
  return {
    path,
    middle: middle ?? between(points[points.length / 2 - 1] ?? start, points[points.length / 2] ?? end),
    head: headAt(end, direction),
  }
}

function headAt({ x, y }: Point, direction: Direction): string {
  return direction === 'LR'
    ? `${x},${y} ${x - 7},${y - 4} ${x - 7},${y + 4}`
    : `${x},${y} ${x - 4},${y - 7} ${x + 4},${y - 7}`
}

/** Both ends leave along the direction of the graph, so that pieces join without a kink. */
function curve(a: Point, b: Point, direction: Direction): string {
  const half = between(a, b)
  return direction === 'LR'
    ? `${half.x},${a.y} ${half.x},${b.y} ${b.x},${b.y}`
    : `${a.x},${half.y} ${b.x},${half.y} ${b.x},${b.y}`
}

function between(a: Point, b: Point): Point {
  return { x: Math.round((a.x + b.x) / 2), y: Math.round((a.y + b.y) / 2) }
}

function outOf({ x, y, width, height }: Box, direction: Direction): Point {
  return direction === 'LR' ? { x: x + width, y: y + height / 2 } : { x: x + width / 2, y: y + height }
}

function into({ x, y, width, height }: Box, direction: Direction): Point {
  return direction === 'LR' ? { x, y: y + height / 2 } : { x: x + width / 2, y }
}

/** The box of a node in a layout. */
export function boxOf(layout: Layout, id: string, size: { width: number; height: number }): Box {
  return { ...(layout.places[id] ?? { x: 0, y: 0 }), ...size }
}
