import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { definitionOf, PROBLEM, type Page, type Problem } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

describe('probes', () => {
  it('health says that the process is up, ready that requests can be served', async () => {
    for (const path of ['/health', 'health']) expect((await api.call(path)).body).toMatchObject({ status: 'ok' })
    for (const path of ['/ready', 'ready'])
      expect(await api.call(path)).toMatchObject({ status: 200, body: { status: 'ready' } })
  })

  it('ready names the migrations that are missing', async () => {
    await api.database.query('alter schema drizzle rename to elsewhere')
    const { status, body } = await api.call<Problem>('/ready')
    await api.database.query('alter schema elsewhere rename to drizzle')
    expect(status).toBe(503)
    expect(body.errors?.map(({ path }) => path)).toEqual(['/migrations'])
  })

  it('ready names Postgres and the queue when they are away, other requests are asked to come again, and none is lost', async () => {
    const other = await startApi()
    try {
      const away = (await other.database.query<{ name: string }>('select current_database() as name'))[0]?.name ?? ''
      const refuse = (refused: boolean) =>
        api.database.query(`alter database ${away} with allow_connections ${refused ? 'false' : 'true'}`)
      await refuse(true)
      await api.database.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [away])
      const { status, body } = await other.call<Problem>('/ready')
      expect(status).toBe(503)
      expect(body.errors?.map(({ path }) => path)).toEqual(['/postgres', '/queue'])
      expect((await other.call('/health')).status).toBe(200)
      await refuse(false)
      await eventually(async () => (await other.call('/ready')).status === 200)
      expect((await other.call('runs')).status).toBe(200)
    } finally {
      await other.stop()
    }
  })
})

describe('numbers', () => {
  it('stats count runs and steps by status, queues and workers', async () => {
    await api.call('runs', { body: { definition: definitionOf('counted', { steps: [{ id: 'a' }, { id: 'b' }] }) } })
    const stats = await eventually(async () => {
      const { body } = await api.call<{ runs: Record<string, number> }>('stats')
      return body.runs['queued'] === 1 ? body : false
    })
    expect(stats).toMatchObject({
      runs: { queued: 1, completed: 0 },
      steps: { pending: 2, completed: 0 },
      throughput: { runs: { last_minute: 0, last_hour: 0 }, steps: { last_minute: 0, last_hour: 0 } },
      approvals: { open: 0 },
      workers: [],
    })
    expect(Object.keys((stats as unknown as { queues: object }).queues)).toEqual([
      'runs',
      'steps-default',
      'gates',
      'timers',
      'schedules',
    ])
    await api.startWorker()
    const later = await eventually(async () => {
      const { body } = await api.call<{ runs: Record<string, number> }>('stats')
      return body.runs['completed'] === 1 ? body : false
    })
    expect(later).toMatchObject({
      steps: { pending: 0 },
      throughput: { runs: { last_minute: 1, last_hour: 1 }, steps: { last_minute: 2, last_hour: 2 } },
      workers: [{ pid: process.pid, queues: ['default'] }],
    })
  })

  it('metrics are in Prometheus’s text format', async () => {
    const { headers, body } = await api.call<string>('/metrics')
    expect(headers.get('content-type')).toContain('text/plain')
    expect(body).toMatch(/^sluice_runs\{status="completed"\} \d+$/m)
    expect(body).toMatch(/^sluice_workers 1$/m)
    expect(body).toMatch(
      /^sluice_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/stats",status="200"\} \d+$/m,
    )
    expect(body).toContain('process_resident_memory_bytes')
  })

  it('a snapshot shows the newest rows of each table, cut off, and without what is secret', async () => {
    const text = 'x'.repeat(2_000)
    const run = await api.call<{ id: string }>('runs', {
      body: { definition: definitionOf('photographed'), input: { text }, context: { short: true } },
      headers: { 'idempotency-key': 'a-secret-key' },
    })
    const order = await api.call<{ id: string }>('orders', { body: { amount: '1.50' } })
    await api.database.query(
      `WITH asked AS (
         INSERT INTO approvals (id, run_id, step_index, step_id, message, input, input_hash, quorum)
         VALUES (gen_random_uuid(), $1, 0, 'a', to_json($2::text), 'null', '', 1)
       ) INSERT INTO step_logs (run_id, step_index, attempt, at, level, message) VALUES ($1, 0, 1, now(), 'info', 'short')`,
      [run.body.id, text],
    )
    const { body } = await api.call<Record<string, Record<string, unknown>[]>>('db/snapshot')
    const tables = await api.database.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
    )
    expect(Object.keys(body).toSorted()).toEqual(tables.map(({ name }) => name))
    expect(body['runs']?.[0]).toMatchObject({ id: run.body.id, context: { short: true } })
    expect(String(body['runs']?.[0]?.['input']).length).toBeLessThan(600)
    expect(body['runs']?.[0]?.['created_at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(body['orders']?.[0]).toMatchObject({ id: order.body.id, amount: '1.50', status: 'pending' })
    expect(String(body['approvals']?.[0]?.['message']).length).toBeLessThan(600)
    expect(body['step_logs']?.[0]).toMatchObject({ message: 'short' })
    expect(body['idempotency_keys']).toHaveLength(1)
    expect(JSON.stringify(body)).not.toContain('a-secret-key')
  })

  it('actions are listed with their schemas and workers, a page at a time', async () => {
    type Action = { name: string; workers: number; queue: string; built_in: boolean; input_schema: unknown }
    const { body } = await api.call<Page<Action>>('actions')
    expect(body.items.find(({ name }) => name === 'charge_payment')).toMatchObject({
      kind: 'transaction',
      built_in: true,
      queue: 'default',
      workers: 1,
      input_schema: expect.any(Object) as object,
    })
    const names = body.items.map(({ name }) => name)
    const first = await api.call<Page<Action>>('actions?limit=3')
    const second = await api.call<Page<Action>>(`actions?limit=3&cursor=${first.body.next_cursor}`)
    expect([...first.body.items, ...second.body.items].map(({ name }) => name)).toEqual(names.slice(0, 6))
  })
})

describe('pages', () => {
  it.each([['/'], ['/docs'], ['/queues']])('%s needs nothing from elsewhere', async (path) => {
    const { status, headers, body } = await api.call<string>(path)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toContain('text/html')
    expect(headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(body).not.toMatch(/(src|href)="(https?:)?\/\//)
    expect(body).not.toMatch(/<script(?![^>]*(src=|type="application\/json"))/)
  })

  it('what the pages ask for is served', async () => {
    for (const page of ['/docs', '/queues/']) {
      const { body } = await api.call<string>(page)
      const paths = [...body.matchAll(/(?:src|href)="([^"]+\.(?:js|css|png|svg))"/g)].map((match) => match[1] ?? '')
      expect(paths.length).toBeGreaterThan(2)
      for (const path of paths) {
        const { status, body: asset } = await api.call<string>(new URL(path, `http://x${page}`).pathname)
        expect([path, status, asset.length > 0]).toEqual([path, 200, true])
      }
    }
  })

  it('the OpenAPI document names every route, and the schema of workflows is served', async () => {
    type Document = { openapi: string; paths: Record<string, Record<string, { responses: Record<string, unknown> }>> }
    const { body } = await api.call<Document>('openapi.json')
    expect(body.openapi).toBe('3.1.0')
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining(['/api/v1/workflows/{workflow}/runs', '/api/v1/runs/{run}', '/ready', '/workflow']),
    )
    expect(Object.keys(body.paths['/api/v1/workflows']?.['post']?.responses ?? {})).toEqual(
      expect.arrayContaining(['200', '201', '400', '413', '415', '422']),
    )
    const schema = await api.call<{ properties: object }>('schema/workflow.json')
    expect(Object.keys(schema.body.properties)).toContain('steps')
  })
})

describe('errors', () => {
  it('an unknown path and an unknown method are problems', async () => {
    const nothing = await api.call<Problem>('nothing/here')
    expect(nothing).toMatchObject({ status: 404, body: { type: 'urn:sluice:problem:not_found' } })
    expect(nothing.headers.get('content-type')).toBe(PROBLEM)
    const method = await api.call<Problem>('orders', { method: 'DELETE' })
    expect(method).toMatchObject({ status: 405, body: { type: 'urn:sluice:problem:method_not_allowed' } })
    expect(method.headers.get('allow')?.split(', ').toSorted()).toEqual(['GET', 'HEAD', 'POST'])
  })

  it('what cannot be read is told with its place', async () => {
    const { status, body } = await api.call<Problem>('orders', { body: '{"amount": 1,}' })
    expect(status).toBe(400)
    expect(body.detail).toContain('line 1, column 14')
    expect(body.errors).toEqual([{ path: '', code: 'malformed_request', message: body.detail }])
    expect((await api.call('orders', { body: '<a/>', headers: { 'content-type': 'text/xml' } })).status).toBe(415)
  })

  it('a page of another site cannot change anything', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' }
    expect((await api.call('orders', { body: { amount: 1 }, headers })).status).toBe(403)
    expect((await api.call('/queues/api/queues/pause', { method: 'PUT', headers })).status).toBe(403)
    expect((await api.call('orders', { headers })).status).toBe(200)
  })

  it('a fault of ours shows an id and nothing else', async () => {
    await api.database.query('alter table orders rename to hidden_orders')
    const { status, body } = await api.call<Problem>('orders')
    await api.database.query('alter table hidden_orders rename to orders')
    expect(status).toBe(500)
    expect(Object.keys(body).toSorted()).toEqual(['detail', 'id', 'status', 'title', 'type'])
    expect(JSON.stringify(body)).not.toMatch(/orders|select|node_modules|\.ts/)
  })
})

describe('large bodies', () => {
  const LIMIT = 4 * 1024 * 1024
  const CHUNK = Buffer.alloc(64 * 1024, ' ')

  /** Sends bytes as fast as they are taken, with or without saying beforehand how many; answers the status. */
  async function send(bytes: number, headers: Record<string, string>): Promise<number> {
    const request = httpRequest(`${api.url}/api/v1/workflows`, { method: 'POST', headers })
    const answered = once(request, 'response') as Promise<[IncomingMessage]>
    const chunks = Array.from({ length: bytes / CHUNK.length }, () => CHUNK)
    // The server may hang up on what it does not want to read: only the answer counts.
    Readable.from(chunks)
      .pipe(request)
      .on('error', () => undefined)
    const [response] = await answered
    response.resume()
    return response.statusCode ?? 0
  }

  it('more than 4 MiB are refused, declared or not, and the answer arrives', async () => {
    expect(await send(6 * LIMIT, { 'content-length': String(6 * LIMIT) })).toBe(413)
    expect(await send(6 * LIMIT, { 'transfer-encoding': 'chunked' })).toBe(413)
  })

  it('4 MiB are read', async () => {
    const definition = definitionOf('large', { description: 'x' })
    const text = JSON.stringify(definition)
    const body = text + ' '.repeat(LIMIT - text.length)
    expect((await api.call('workflows', { body })).status).toBe(201)
    expect(await api.call('workflows', { body: `${body} ` })).toMatchObject({
      status: 413,
      body: { errors: [{ path: '', code: 'body_too_large' }] },
    })
  })

  it('a definition of 10,000 steps is stored, planned and started', async () => {
    const steps = Array.from({ length: 10_000 }, (_, n) => ({ id: `s${n}`, depends_on: n === 0 ? [] : [`s${n - 1}`] }))
    const stored = await api.call<{ id: string }>('workflows', { body: { name: 'ten-thousand', steps } })
    expect(stored.status).toBe(201)
    type Detail = { plan: { critical_path: string[] } }
    const detail = await api.call<Detail>('workflows/ten-thousand')
    expect(detail.body.plan.critical_path).toHaveLength(10_000)
    const list = await api.call<Page<{ step_count: number }>>('workflows?search=ten-thousand')
    expect(list.body.items[0]?.step_count).toBe(10_000)
  })
})
