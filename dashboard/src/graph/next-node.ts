import type { Neighbours } from './graph-model.ts'
import type { Direction, Layout } from './layout.ts'

/** Keys that move through the graph. */
export type ArrowKey = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown'

const TURNED: Record<ArrowKey, ArrowKey> = {
  ArrowLeft: 'ArrowUp',
  ArrowRight: 'ArrowDown',
  ArrowUp: 'ArrowLeft',
  ArrowDown: 'ArrowRight',
}

/**
 * The node that an arrow key leads to: along the direction of the graph over an edge, to the nearest of several; across
 * it to the nearest node in the same rank. Null where there is none.
 */
export function nextNode(
  from: string,
  key: ArrowKey,
  graph: { layout: Layout; direction: Direction; neighbours: Neighbours },
): string | null {
  const { layout, direction, neighbours } = graph
  // Seen as if the graph went to the right.
  const turned = direction === 'LR' ? key : TURNED[key]
  const place = (id: string) => {
    const { x, y } = layout.places[id] ?? { x: 0, y: 0 }
    return direction === 'LR' ? { along: x, across: y } : { along: y, across: x }
  }
  const here = place(from)
  const distance = (id: string) => Math.abs(place(id).across - here.across) + Math.abs(place(id).along - here.along)
  const nearest = (ids: readonly string[]) =>
    ids.reduce<string | null>((best, id) => (best === null || distance(id) < distance(best) ? id : best), null)

  if (turned === 'ArrowRight') return nearest(neighbours.behind(from))
  if (turned === 'ArrowLeft') return nearest(neighbours.before(from))
  const sign = turned === 'ArrowDown' ? 1 : -1
  return nearest(
    Object.keys(layout.places).filter((id) => {
      const { along, across } = place(id)
      return id !== from && Math.abs(along - here.along) < SAME_RANK && (across - here.across) * sign > 0
    }),
  )
}

/** Nodes of a rank are centred on it, so that they differ only by their size, pixels. */
const SAME_RANK = 40
