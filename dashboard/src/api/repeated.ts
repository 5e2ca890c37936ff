import type { Step } from './shapes.ts'

/** Whether a step had attempts besides the one that its own row tells of: failed or lost ones, or such as a retry set back. */
export function isRepeated({ attempt, retry_count: retries, status }: Step): boolean {
  return attempt > 1 || retries > 0 || (attempt > 0 && (status === 'pending' || status === 'skipped'))
}
