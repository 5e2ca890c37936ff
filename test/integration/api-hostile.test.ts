import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RunView } from '../../src/api/schemas/run.ts'
import { LIMITS } from '../../src/workflow/limits.ts'
import { startApi, type TestApi } from '../support/api.ts'

/** What no client in its right mind sends: none of it is our fault, so none of it is answered by 500. */
let api: TestApi
let run: RunView
beforeAll(async () => {
  api = await startApi()
  const definition = { name: 'victim', steps: [{ id: 'a', type: 'approval' }] }
  run = (await api.call<RunView>('runs', { body: { definition } })).body
})
afterAll(() => api.stop())

interface Operation {
  responses: Record<string, unknown>
  parameters?: { name: string; in: string; required?: boolean }[]
  requestBody?: unknown
}
type Paths = Record<string, Record<string, Operation>>

const HUGE = '9'.repeat(30)
const WORDS = [
  '%00',
  'a%00b',
  '%ED%A0%80',
  '%FF',
  '2147483648',
  '9007199254740993',
  HUGE,
  '-1',
  '1e9',
  'NaN',
  '%F0%9F%98%80',
  '%25',
  "'",
  '..%2F',
]
const TEXTS = ['\u0000', 'a\u0000', '\ud800', 'x\udfff', HUGE, '99999-01-01T00:00:00Z', '-000001-01-01T00:00:00Z']
const VALUES: unknown[] = [
  ...TEXTS,
  2_147_483_648,
  1e300,
  -1,
  0.5,
  null,
  [],
  {},
  ['\u0000'],
  { '\u0000': 1 },
  { a: '\ud800' },
]

const routes = async (): Promise<{ method: string; path: string; operation: Operation }[]> => {
  const { body } = await api.call<{ paths: Paths }>('openapi.json')
  return Object.entries(body.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
}
/** Values for the parameters of a path with which more than the path is looked at. */
const known = (name: string): string =>
  ({ run: run.id, step: 'a', workflow: 'victim' })[name] ?? '019aa5b4-8f6e-7b7a-9b0e-0d5f0c7f3a11'
const filled = (path: string, value: (name: string) => string) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => value(name))
const isStream = (path: string) => /\/(stream|ws\/.*)$/.test(path)

it('no parameter of a path or a query is answered by 500', { timeout: 120_000 }, async () => {
  const failed: string[] = []
  const ask = async (method: string, url: string) => {
    const { status } = await api.call(url, { method, ...(method === 'GET' ? {} : { body: {} }) })
    if (status >= 500) failed.push(`${status} ${method} ${url}`)
  }
  for (const { method, path, operation } of await routes()) {
    const parameters = operation.parameters ?? []
    for (const word of WORDS) {
      for (const { name } of parameters.filter((one) => one.in === 'path')) {
        await ask(
          method,
          filled(path, (other) => (other === name ? word : known(other))),
        )
      }
      const queries = parameters.filter((one) => one.in === 'query').map(({ name }) => name)
      const others = parameters.filter((one) => one.in === 'query' && one.required).map(({ name }) => name)
      for (const name of queries) {
        const rest = others.filter((other) => other !== name).map((other) => `&${other}=${known('run')}`)
        if (!(isStream(path) && method === 'GET'))
          await ask(method, `${filled(path, known)}?${name}=${word}${rest.join('')}`)
      }
    }
  }
  expect(failed).toEqual([])
})

const STEP = { id: 'a' }
const BODIES: [string, string, Record<string, unknown>][] = [
  ['POST', 'workflows', { name: 'h', description: 'd', steps: [STEP] }],
  ['POST', 'workflows/validate', { name: 'h', steps: [STEP], concurrency: {}, triggers: [] }],
  [
    'POST',
    'runs',
    { definition: { name: 'h2', steps: [STEP] }, input: {}, context: {}, tags: [], start_at: '', order_id: '' },
  ],
  ['POST', 'workflows/victim/runs', { input: {}, context: {}, order_id: '', priority: 1, tags: [], start_at: '' }],
  ['POST', 'workflows/victim/runs/batch', { runs: [] }],
  ['POST', 'runs/RUN/steps/a/approve', { by: '', comment: '', data: '', input_hash: '' }],
  ['POST', 'runs/RUN/retry', { from: '' }],
  ['POST', 'runs/RUN/rerun', { input: '' }],
  ['POST', 'runs/RUN/events', { name: 'e', data: 1 }],
  ['POST', 'runs/bulk', { action: 'retry', filter: {}, dry_run: true }],
  ['POST', 'orders', { amount: 1, currency: 'EUR', reference: 'r' }],
  [
    'POST',
    'schedules',
    { workflow: 'victim', cron: '0 0 1 1 *', timezone: 'UTC', input: {}, overlap: 'skip', paused: true },
  ],
]
const INNER: [string, (value: unknown) => unknown][] = [
  ['runs/bulk', (value) => ({ action: 'retry', filter: { workflow: value }, dry_run: true })],
  ['runs/bulk', (value) => ({ action: 'retry', filter: { tag: value }, dry_run: true })],
  ['runs/bulk', (value) => ({ action: 'retry', filter: { search: value }, dry_run: true })],
  ['runs/bulk', (value) => ({ action: 'retry', filter: { created_after: value }, dry_run: true })],
  ['runs', (value) => ({ definition: { name: value, steps: [STEP] } })],
  ...['workflow', 'version'].flatMap((key): [string, (value: unknown) => unknown][] => {
    const definition = (value: unknown) => ({
      name: 'containing',
      steps: [{ id: 'c', type: 'workflow', config: { workflow: 'other', [key]: value } }],
    })
    return [
      ['workflows', definition],
      ['workflows/validate', definition],
      ['runs', (value) => ({ definition: definition(value) })],
    ]
  }),
]

it('no field of a body is answered by 500', { timeout: 120_000 }, async () => {
  const failed: string[] = []
  const send = async (method: string, path: string, body: unknown) => {
    const { status } = await api.call(path.replace('RUN', run.id), {
      method,
      body,
      headers: { 'idempotency-key': 'é ü' },
    })
    if (status >= 500) failed.push(`${status} ${method} ${path} ${JSON.stringify(body)}`)
  }
  for (const [method, path, body] of BODIES) {
    for (const key of Object.keys(body)) for (const value of VALUES) await send(method, path, { ...body, [key]: value })
  }
  for (const [path, bodyOf] of INNER) for (const value of VALUES) await send('POST', path, bodyOf(value))
  expect(failed).toEqual([])
})

it('every answer has a status that the OpenAPI document tells of', { timeout: 120_000 }, async () => {
  const untold = new Set<string>()
  for (const { method, path, operation } of await routes()) {
    const ask = async (url: string, options: { body?: unknown; headers?: Record<string, string> } = {}) => {
      const { status } = await api.call(url, { method, ...options })
      if (!(String(status) in operation.responses)) untold.add(`${status} ${method} ${path}`)
    }
    if (isStream(path) && !path.includes('{')) continue
    await ask(filled(path, () => '%00'))
    await ask(filled(path, () => '019aa5b4-8f6e-7b7a-9b0e-0d5f0c7f3a11'))
    await ask(`${filled(path, known)}?cursor=x&limit=0&unknown=1`)
    if (method === 'GET') continue
    await ask(filled(path, known), { body: '{' })
    await ask(filled(path, known), { body: '[1]' })
    await ask(filled(path, known), { body: '{"unknown": 1}' })
    await ask(filled(path, known), { body: '<a/>', headers: { 'content-type': 'text/xml' } })
    await ask(filled(path, known), { body: 'x'.repeat(LIMITS.bodyBytes + 1) })
    await ask(filled(path, known), { headers: { 'sec-fetch-site': 'cross-site' } })
  }
  expect([...untold]).toEqual([])
})

it('an input, a schedule or a trigger whose check by a pattern would last for ever is refused', async () => {
  const input_schema = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } }
  const definition = {
    name: 'slow-pattern',
    input_schema,
    steps: [{ id: 'a', type: 'transform', config: { output: 1 } }],
  }
  expect((await api.call('workflows', { body: definition })).status).toBe(201)
  const input = { a: `${'a'.repeat(60)}!` }
  const tooLong = { code: 'limit_exceeded', message: expect.stringContaining('more than 1 s') as string }
  const cron = { type: 'cron', cron: '0 0 * * *', input }
  const answers = [
    await api.call('workflows/slow-pattern/runs', { body: { input } }),
    await api.call('workflows/slow-pattern/runs/batch', { body: { runs: [{ input: { a: 'aa' } }, { input }] } }),
    await api.call('schedules', { body: { workflow: 'slow-pattern', ...cron, type: undefined } }),
  ]
  expect(answers).toMatchObject([
    { status: 422, body: { errors: [{ path: '/input', ...tooLong }] } },
    { status: 422, body: { errors: [{ path: '/runs', ...tooLong }] } },
    { status: 422, body: { errors: [{ path: '/input', ...tooLong }] } },
  ])
  const validated = await api.call('workflows/validate', { body: { ...definition, triggers: [cron] } })
  expect(validated.body).toMatchObject({ valid: false, errors: [{ code: 'limit_exceeded' }] })
  expect((await api.call('workflows/slow-pattern/runs', { body: { input: { a: 'aaa' } } })).status).toBe(202)
}, 60_000)
