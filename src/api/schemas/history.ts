import { z } from '@hono/zod-openapi'
import type { WorkflowHistory } from '../../db/history.ts'
import { MOST_RUNS, type RangeHistory } from '../run-history.ts'
import { id, iso, timestamp } from './fields.ts'

/** Workflows that a ranking names. */
const RANKED = 5

const workflowHistorySchema = z.object({
  id,
  name: z.string(),
  runs: z.int().openapi({ description: 'Runs that ended in this time' }),
  failed: z.int(),
  p50_ms: z.number().nullable().openapi({ description: 'Durations of those that completed' }),
  p95_ms: z.number().nullable(),
})

/** How the runs of a stretch of time went. */
export const historySchema = z
  .object({
    from: timestamp,
    to: timestamp,
    bucket_seconds: z.int(),
    buckets: z
      .array(
        z.object({
          at: timestamp,
          started: z.int(),
          completed: z.int(),
          failed: z.int(),
          cancelled: z.int(),
          p95_ms: z.number().nullable(),
        }),
      )
      .openapi({ description: 'All of the time in equal parts, oldest first; the last is not over yet' }),
    ended: z.int().openapi({ description: 'Runs that ended and were looked at' }),
    is_complete: z
      .boolean()
      .openapi({ description: `Whether that is all: no more than the ${MOST_RUNS.toLocaleString('en')} newest are` }),
    p95_ms: z.number().nullable().openapi({ description: 'Of all that completed, from start to end' }),
    slowest: z.array(workflowHistorySchema).openapi({ description: 'By `p95_ms`' }),
    most_failing: z.array(workflowHistorySchema).openapi({ description: 'By `failed`; only those that did' }),
  })
  .openapi('History')

/** Shows the history of a range, the times in which nothing happened included. */
export function showHistory(history: RangeHistory): z.infer<typeof historySchema> {
  const { from, to, bucketSeconds, workflows } = history
  const told = new Map(history.buckets.map((bucket) => [bucket.at, bucket]))
  const places = Array.from(
    { length: (to - from) / (bucketSeconds * 1000) },
    (_, place) => from + place * bucketSeconds * 1000,
  )
  const ranked = (rank: (workflow: WorkflowHistory) => number) =>
    workflows
      .filter((workflow) => rank(workflow) > 0)
      .toSorted((a, b) => rank(b) - rank(a))
      .slice(0, RANKED)
      .map(({ p50Ms, p95Ms, ...workflow }) => ({ ...workflow, p50_ms: p50Ms, p95_ms: p95Ms }))
  return {
    from: iso(new Date(from)),
    to: iso(new Date(to)),
    bucket_seconds: bucketSeconds,
    buckets: places.map((at) => {
      const { started = 0, completed = 0, failed = 0, cancelled = 0, p95Ms = null } = told.get(at) ?? {}
      return { at: iso(new Date(at)), started, completed, failed, cancelled, p95_ms: p95Ms }
    }),
    ended: history.ended,
    is_complete: history.ended < MOST_RUNS,
    p95_ms: history.p95Ms,
    slowest: ranked(({ p95Ms }) => p95Ms ?? 0),
    most_failing: ranked(({ failed }) => failed),
  }
}
