import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PACKAGE_ROOT } from '../../src/package-root.ts'
import { definitionOf, type Problem } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'

interface Status {
  workflow_id: string
  status: string
  tasks: { task_type: string; status: string; depends_on: string[]; error: string | null }[]
}

let api: TestApi
let sample: string
beforeAll(async () => {
  api = await startApi()
  sample = await readFile(join(PACKAGE_ROOT, 'examples/data/manufacturing-sample.json'), 'utf8')
})
afterAll(() => api.stop())

const submit = (path: string) => api.call<{ workflow_id: string }>(path, { body: sample })

describe('the manufacturing analysis', () => {
  it('sensor data becomes a verdict, by three short routes', async () => {
    const { status, body } = await submit('/workflow')
    expect(status).toBe(202)
    expect(Object.keys(body)).toEqual(['workflow_id'])
    const waiting = await api.call<Status>(`/status/${body.workflow_id}`)
    expect(waiting.body).toMatchObject({ workflow_id: body.workflow_id, status: 'queued' })
    expect(waiting.body.tasks.map(({ task_type, status: of }) => [task_type, of])).toEqual([
      ['detect_outliers', 'pending'],
      ['analyze_trends', 'pending'],
      ['synthesize', 'pending'],
      ['verdict', 'pending'],
    ])
    const early = await api.call<Problem>(`/results/${body.workflow_id}`)
    expect(early.status).toBe(404)
    expect(early.body.detail).toContain('it is queued')

    await api.startWorker()
    const results = await eventually(async () => {
      const answer = await api.call<{ verdict: string; reasons: string[] }>(`/results/${body.workflow_id}`)
      return answer.status === 200 ? answer : false
    })
    expect(['PASS', 'WARNING', 'FAIL']).toContain(results.body.verdict)
    expect(results.body.reasons.length).toBeGreaterThan(0)
    const done = await api.call<Status>(`/status/${body.workflow_id}`)
    expect(done.body.status).toBe('completed')
    expect(done.body.tasks.map((task) => task.status)).toEqual(Array<string>(4).fill('completed'))
  })

  it('the routes are below /api/v1 too', async () => {
    const { body } = await submit('workflow')
    expect((await api.call<Status>(`status/${body.workflow_id}`)).status).toBe(200)
    const results = () => api.call(`results/${body.workflow_id}`)
    await eventually(async () => (await results()).status === 200)
  })

  it('data without sensors is refused', async () => {
    const { status, body } = await api.call<Problem>('/workflow', { body: { sensors: { heat: 'hot' } } })
    expect([status, body.errors?.map(({ path }) => path)]).toEqual([422, ['/sensors/heat']])
    expect((await api.call<Problem>('/workflow', { body: {} })).body.errors?.[0]?.path).toBe('')
    expect((await api.call('/workflow', { method: 'POST' })).status).toBe(422)
    expect((await api.call('/workflow', { body: '{"sensors":' })).status).toBe(400)
  })

  it('runs of other workflows are no analyses', async () => {
    const run = await api.call<{ id: string }>('runs', { body: { definition: definitionOf('other') } })
    for (const id of [run.body.id, uuidv7(), 'x']) {
      expect((await api.call(`/status/${id}`)).status).toBe(404)
      expect((await api.call(`/results/${id}`)).status).toBe(404)
    }
  })
})
