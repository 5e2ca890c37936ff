import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Logger } from '../log.ts'
import type { ServiceStats } from './service-stats.ts'

/** Numbers for Prometheus: of this process, of the requests it served, and of the service as the stores tell it. */
export interface Metrics {
  /** Measures requests by method, route and status. */
  measure: MiddlewareHandler
  /** All metrics in Prometheus's text format, read at this moment. */
  scrape(): Promise<string>
  contentType: string
}

const DURATION_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]

/** Creates the metrics of one app, in a registry of its own. */
export function createMetrics(readStats: () => Promise<ServiceStats>, log: Logger): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const durations = new Histogram({
    name: 'sluice_http_request_duration_seconds',
    help: 'Time from a request to its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATION_BUCKETS,
    registers: [registry],
  })
  const setGauges = serviceGauges(registry)
  return {
    measure: async (c, next) => {
      const stop = durations.startTimer()
      await next()
      stop({ method: c.req.method, route: routePath(c, -1), status: c.res.status })
    },
    scrape: async () => {
      // While Postgres is away, the process's own numbers are still worth having.
      await readStats().then(setGauges, (error: unknown) => log.warn({ err: error }, 'no stats for the metrics'))
      return await registry.metrics()
    },
    contentType: registry.contentType,
  }
}

function serviceGauges(registry: Registry): (stats: ServiceStats) => void {
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name: `sluice_${name}`, help, labelNames, registers: [registry] })
  const runs = gauge('runs', 'Runs by status', 'status')
  const steps = gauge('open_steps', 'Steps of unfinished runs by status', 'status')
  const runsEnded = gauge('runs_ended_last_minute', 'Runs that ended in the last minute')
  const stepsCompleted = gauge('steps_completed_last_minute', 'Steps that completed in the last minute')
  const jobs = gauge('queue_jobs', 'Jobs of each queue by state', 'queue', 'state')
  const workers = gauge('workers', 'Worker processes that are alive')
  return (stats) => {
    for (const [status, count] of Object.entries(stats.runs)) runs.set({ status }, count)
    for (const [status, count] of Object.entries(stats.steps)) steps.set({ status }, count)
    runsEnded.set(stats.throughput.runs.last_minute)
    stepsCompleted.set(stats.throughput.steps.last_minute)
    workers.set(stats.workers.length)
    jobs.reset()
    for (const [queue, states] of Object.entries(stats.queues ?? {})) {
      for (const [state, count] of Object.entries(states)) jobs.set({ queue, state }, count)
    }
  }
}
