import type { WaitingFor } from '../../workflow/waiting-for.ts'
import { childRunKind } from './child-run.ts'
import { mapKind } from './map.ts'
import type { ParkedKind } from './parked.ts'
import { waitKind } from './wait.ts'

const BY_TYPE = new Map<string, ParkedKind>([
  ['wait', waitKind],
  ['map', mapKind],
  ['workflow', childRunKind],
])

const BY_WAITING: Partial<Record<WaitingFor['kind'], ParkedKind>> = {
  timer: waitKind,
  items: mapKind,
  run: childRunKind,
}

/** How steps of a type wait; undefined for a type that does not. */
export function parkedKindFor(type: string): ParkedKind | undefined {
  return BY_TYPE.get(type)
}

/** The kind of a parked step, by what it waits for. */
export function parkedKindOf(waitingFor: WaitingFor | null): ParkedKind {
  return BY_WAITING[waitingFor?.kind ?? 'timer'] ?? waitKind
}
