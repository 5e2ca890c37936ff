import type { Job } from 'bullmq'
import type { JobAddress } from '../queue/names.ts'
import type { Activation } from './activate.ts'

/** Where a step is being seen to. */
export interface Place {
  address: JobAddress
  /** The job that runs it; its address names the first step of a segment. */
  bull: Job
  token: string
}

/** What came of one look at a step. */
export type Progress =
  /** Something changed meanwhile: read again. */
  | { kind: 'again' }
  /** The job has nothing more to do. */
  | { kind: 'over' }
  /** It has settled: `before` by somebody else, or in an earlier life of the job. */
  | { kind: 'settled'; before: boolean; failure: string | null; next: Activation | null }

/** {@link Progress} of a look that has to be repeated. */
export const AGAIN: Progress = { kind: 'again' }
/** {@link Progress} of the last look that a job takes. */
export const OVER: Progress = { kind: 'over' }

/** {@link Progress} of a step that this look has settled; `next`: its successor, where it needs no read. */
export function settled({
  failure = null,
  next = null,
}: { failure?: string | null; next?: Activation | null } = {}): Progress {
  return { kind: 'settled', before: false, failure, next }
}
