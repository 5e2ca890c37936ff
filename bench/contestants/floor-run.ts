import { v7 as uuidv7 } from 'uuid'

/** Runs of bare BullMQ, which knows none: their ids tell which workflow they are of. */

/** As long as an id of ours, since ids are in every job and every key. `workflow`: its place among up to 36. */
export function floorRunId(workflow: number): string {
  return `${workflow.toString(36)}${uuidv7().slice(1)}`
}

/** The place of a run's workflow. */
export function workflowOfFloorRun(id: string): number {
  return Number.parseInt(id.slice(0, 1), 36)
}
