import { at } from './at.ts'
import type { Step } from './definition.ts'
import type { Edges } from './reduce.ts'

/**
 * Segments (`"sequencing": "segment"`): the steps of a linear stretch share one BullMQ job, whose worker runs them one after
 * the other. Nothing else about a step changes: each has its own decision, attempts and commit.
 */

/** Their job waits in the queue meanwhile, so they share it with no other step. */
const PARKING_TYPES = ['wait', 'wait_event', 'approval', 'human_gate', 'map', 'workflow'] as const

/** Type of a step that waits in the middle. */
export type ParkingType = (typeof PARKING_TYPES)[number]

/** Whether steps of a type wait in the middle. */
export function isParkingType(type: string | undefined): type is ParkingType {
  return PARKING_TYPES.some((parking) => parking === type)
}

/** Which job runs which steps. */
export interface Segments {
  /** By step index: the step whose job runs it. A step without a segment is its own. */
  carrier: number[]
  /** By step index: the step that the same job runs next, {@link LAST} where there is none. */
  successor: number[]
}

/** In place of a successor: the step is the last of its job. */
export const LAST = -1

/** What a segment looks at in a step. */
export type SegmentStep = Partial<Pick<Step, 'type' | 'queue' | 'priority'>>

/** A job for each step. */
export function withoutSegments(count: number): Segments {
  return { carrier: Array.from({ length: count }, (_, step) => step), successor: new Array<number>(count).fill(LAST) }
}

/**
 * The longest linear stretches: each step's only dependency is the one before it, whose only dependent it is; all have one
 * queue and one priority, and none parks. `order` is topological.
 */
export function segmentsOf(
  steps: readonly SegmentStep[],
  graph: { reduced: Edges; dependents: Edges; order: readonly number[] },
): Segments {
  const segments = withoutSegments(steps.length)
  for (const step of graph.order) {
    const [before, ...others] = at(graph.reduced, step)
    if (before === undefined || others.length > 0 || at(graph.dependents, before).length > 1) continue
    if (!canShareJob(at(steps, before), at(steps, step))) continue
    segments.carrier[step] = at(segments.carrier, before)
    segments.successor[before] = step
  }
  return segments
}

function canShareJob(a: SegmentStep, b: SegmentStep): boolean {
  return a.queue === b.queue && a.priority === b.priority && !isParkingType(a.type) && !isParkingType(b.type)
}
