import { isParkingType, type ParkingType } from '../../workflow/segments.ts'
import type { WaitingFor } from '../../workflow/waiting-for.ts'
import { approvalKind } from './approval.ts'
import { childRunKind } from './child-run.ts'
import { eventKind } from './event.ts'
import { mapKind } from './map.ts'
import type { ParkedKind } from './parked.ts'
import { waitKind } from './wait.ts'

const BY_TYPE: Record<ParkingType, ParkedKind> = {
  wait: waitKind,
  wait_event: eventKind,
  approval: approvalKind,
  human_gate: approvalKind,
  map: mapKind,
  workflow: childRunKind,
}

const BY_WAITING: Record<WaitingFor['kind'], ParkedKind> = {
  timer: waitKind,
  event: eventKind,
  approval: approvalKind,
  items: mapKind,
  run: childRunKind,
}

/** How steps of a type wait; undefined for a type that does not. */
export function parkedKindFor(type: string): ParkedKind | undefined {
  return isParkingType(type) ? BY_TYPE[type] : undefined
}

/** The kind of a parked step, by what it waits for. */
export function parkedKindOf(waitingFor: WaitingFor | null): ParkedKind {
  return BY_WAITING[waitingFor?.kind ?? 'timer']
}
