import { z } from '@hono/zod-openapi'
import { RUN_STATUSES, STEP_STATUSES } from '../../workflow/states.ts'
import type { ServiceStats } from '../service-stats.ts'
import { showWorker, workerSchema } from './worker.ts'

const window = z.object({ last_minute: z.int(), last_hour: z.int() })

/** Numbers of the whole service. */
export const statsSchema = z
  .object({
    runs: z.record(z.enum(RUN_STATUSES), z.int()).openapi({ description: 'All runs by status' }),
    steps: z.record(z.enum(STEP_STATUSES), z.int()).openapi({ description: 'Steps of unfinished runs by status' }),
    throughput: z
      .object({ runs: window, steps: window })
      .openapi({ description: 'What ended; the steps of a run that has ended count when it ended' }),
    approvals: z.object({ open: z.int() }).openapi({ description: 'What waits for people to decide' }),
    queues: z
      .record(z.string(), z.record(z.string(), z.int()))
      .nullable()
      .openapi({ description: 'Jobs of each queue by state; null while the queue does not answer' }),
    workers: z.array(workerSchema),
  })
  .openapi('Stats')

/** Shows the numbers. */
export function showStats(stats: ServiceStats): z.infer<typeof statsSchema> {
  return {
    ...stats,
    workers: stats.workers.map(showWorker),
  }
}
