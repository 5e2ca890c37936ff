import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { definitionOf } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'

interface Board {
  queues: { name: string; counts: Record<string, number>; jobs: { id: string; name: string }[] }[]
}

describe.each(['redis', 'postgres'] as const)('with jobs on %s', (backend) => {
  let api: TestApi
  let runId: string
  beforeAll(async () => {
    api = await startApi(backend)
    const steps = [{ id: 'a' }, { id: 'b', depends_on: ['a'] }]
    runId = (await api.call<{ id: string }>('runs', { body: { definition: definitionOf('queued', { steps }) } })).body
      .id
  })
  afterAll(() => api.stop())

  const board = async (queue: string) => {
    const { body } = await api.call<Board>(`/queues/api/queues?activeQueue=${queue}&page=1&status=latest`)
    return body.queues
  }

  it('the service is ready', async () => {
    expect((await api.call('/ready')).status).toBe(200)
  })

  it('Bull Board shows the queues, and the jobs of a run', async () => {
    const shown = await eventually(async () => {
      const queues = await board('steps-default')
      return queues.some(({ counts }) => (counts['waiting-children'] ?? 0) > 0) && queues
    })
    expect(shown.map(({ name }) => name)).toEqual(['runs', 'steps-default', 'gates', 'timers', 'schedules'])
    const jobs = shown.find(({ name }) => name === 'steps-default')?.jobs ?? []
    expect(jobs.map(({ id }) => id).toSorted()).toEqual([`${runId}.a.1`, `${runId}.b.1`])
  })

  it('stats and metrics tell how many jobs wait', async () => {
    const depths = await eventually(async () => {
      const { body } = await api.call<{ queues: Record<string, Record<string, number>> }>('stats')
      return body.queues['steps-default']?.['waiting-children'] === 1 && body.queues
    })
    expect(depths['steps-default']).toMatchObject({ 'waiting-children': 1, active: 0 })
    expect(depths['runs']).toMatchObject({ 'waiting-children': 0, active: 0 })
    expect((await api.call<string>('/metrics')).body).toContain(
      'sluice_queue_jobs{queue="steps-default",state="waiting-children"} 1',
    )
  })

  it('a queue that no worker serves is shown while a run waits for it', async () => {
    const steps = [{ id: 'render', queue: 'gpu' }]
    await api.call('runs', { body: { definition: definitionOf('unserved', { steps }) } })
    await eventually(async () => (await board('runs')).some(({ name }) => name === 'steps-gpu'), { timeoutMs: 30_000 })
    const counts = await eventually(
      async () => {
        const { body } = await api.call<{ queues: Record<string, Record<string, number>> }>('stats')
        return body.queues['steps-gpu'] ?? false
      },
      { timeoutMs: 30_000 },
    )
    expect((counts['waiting'] ?? 0) + (counts['wait'] ?? 0) + (counts['prioritized'] ?? 0)).toBe(1)
  })

  it('a queue that a worker begins to serve appears', async () => {
    await api.startWorker({ queues: ['default', 'special'] })
    await eventually(async () => (await board('runs')).some(({ name }) => name === 'steps-special'))
    const done = await eventually(async () => {
      const queues = await board('steps-default')
      const steps = queues.find(({ name }) => name === 'steps-default')
      return steps?.counts['completed'] === 2 && steps
    })
    expect(done.jobs.map(({ name }) => name).toSorted()).toEqual(['a', 'b'])
  })
})
