import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT } from '../../../src/package-root.ts'

/** The API as whoever fills it needs it; a `System` is one. */
export interface Api {
  get<Body>(path: string): Promise<Body>
  post<Body>(path: string, body: unknown): Promise<Body>
}

/** Ids of what {@link fill} made, for the addresses of pages. */
export interface World {
  order: string
  /** One that is open. */
  approval: string
  runs: { completed: string; failed: string; waiting: string; order: string; rerun: string }
}

/** Fills an empty service with what every page has something to show of; resolves when that has happened. */
export async function fill(api: Api): Promise<World> {
  const start = async (file: string, request: Record<string, unknown> = {}) => {
    const definition: unknown = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'examples', file), 'utf8'))
    return (await api.post<{ id: string }>('/runs', { definition, ...request })).id
  }
  const { id: order } = await api.post<{ id: string }>('/orders', { amount: '129.90', reference: 'A-1001' })
  const runs = {
    completed: await start('diamond.json'),
    failed: (await api.post<{ id: string }>('/runs', { definition: FAILING })).id,
    waiting: await start('approval.json', { input: { amount: 420, what: 'a new chair' } }),
    order: await start('order-processing.json', { order_id: order }),
  }
  await api.post('/schedules', { workflow: 'order-processing', cron: '@daily', timezone: 'Europe/Berlin' })
  await Promise.all([
    settled(api, runs.completed, ['completed']),
    settled(api, runs.failed, ['failed']),
    settled(api, runs.waiting, ['waiting']),
    settled(api, runs.order, ['completed']),
  ])
  const { id: rerun } = await api.post<{ id: string }>(`/runs/${runs.failed}/rerun`, {})
  await settled(api, rerun, ['failed'])
  const { items: approvals } = await api.get<{ items: { id: string }[] }>(`/approvals?run=${runs.waiting}`)
  return { order, approval: approvals[0]?.id ?? '', runs: { ...runs, rerun } }
}

/** A workflow whose second step fails for good. */
const FAILING = {
  name: 'failing-import',
  description: 'Reads a file that is not there',
  steps: [
    { id: 'prepare', config: { duration_seconds: 0 } },
    { id: 'import', depends_on: ['prepare'], config: { duration_seconds: 0, fail_probability: 1, max_retries: 0 } },
    { id: 'report', depends_on: ['import'], config: { duration_seconds: 0 } },
  ],
}

const PATIENCE_MS = 30_000
const EVERY_MS = 100

async function settled(api: Api, runId: string, statuses: readonly string[]): Promise<void> {
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const { status } = await api.get<{ status: string }>(`/runs/${runId}`)
    if (statuses.includes(status)) return
    if (Date.now() > until) throw new Error(`run ${runId} is ${status}, not ${statuses.join(' or ')}`)
    await new Promise((resolve) => {
      setTimeout(resolve, EVERY_MS)
    })
  }
}
