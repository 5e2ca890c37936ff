import { z } from '@hono/zod-openapi'
import type { RunningStep } from '../../db/running-steps.ts'
import type { WorkerRow } from '../../db/stats.ts'
import { id, iso, timestamp } from './fields.ts'

/** A worker process that is alive. */
export const workerSchema = z
  .object({
    id,
    name: z.string().openapi({ example: 'worker-1:4711' }),
    hostname: z.string(),
    pid: z.int(),
    queues: z.array(z.string()),
    concurrency: z.int(),
    started_at: timestamp,
    heartbeat_at: timestamp,
  })
  .openapi('Worker')

/** A worker process with what it does now. */
export const busyWorkerSchema = workerSchema
  .extend({
    running: z
      .array(
        z.object({
          run_id: id,
          workflow_name: z.string(),
          step_id: z.string(),
          attempt: z.int(),
          started_at: timestamp,
        }),
      )
      .openapi({ description: 'Steps that it executes, those of the oldest runs first' }),
  })
  .openapi('BusyWorker')

/** Shows a worker. */
export function showWorker(worker: WorkerRow): z.infer<typeof workerSchema> {
  return {
    id: worker.id,
    name: `${worker.hostname}:${worker.pid}`,
    hostname: worker.hostname,
    pid: worker.pid,
    queues: worker.queues,
    concurrency: worker.concurrency,
    started_at: iso(worker.startedAt),
    heartbeat_at: iso(worker.heartbeatAt),
  }
}

/** Shows a worker with those of `steps` that are its own. */
export function showBusyWorker(worker: WorkerRow, steps: readonly RunningStep[]): z.infer<typeof busyWorkerSchema> {
  const running = steps
    .filter(({ workerId }) => workerId === worker.id)
    .map((step) => ({
      run_id: step.runId,
      workflow_name: step.workflowName,
      step_id: step.stepId,
      attempt: step.attempt,
      started_at: iso(step.startedAt),
    }))
  return { ...showWorker(worker), running }
}
