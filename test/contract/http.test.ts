import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { allowAddresses } from '../../workers/actions/http/addresses.ts'
import { describeOnEachBackend } from '../support/contract.ts'
import { stepOf } from '../support/run-record.ts'

interface Seen {
  method: string | undefined
  url: string | undefined
  headers: IncomingMessage['headers']
  body: string
}

let server: Server
let origin = ''
let failures = 0
let seen: Seen[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method, url, headers } = request
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
      const path = url?.split('?')[0]
      if (path === '/flaky' && failures > 0) {
        failures -= 1
        response.writeHead(503, { 'retry-after': '0' }).end('busy')
      } else if (path === '/never') response.flushHeaders()
      else if (path === '/gone') response.writeHead(404).end('no such thing')
      else if (path === '/large') response.end('x'.repeat(2_000))
      else if (path === '/away') response.writeHead(302, { location: 'http://127.0.0.2:1/' }).end()
      else if (path === '/moved') response.writeHead(303, { location: '/json' }).end()
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ok: true, price: 7 }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  allowAddresses(['127.0.0.1'])
})

afterAll(() => {
  allowAddresses([])
  server.close()
})

const step = (config: Record<string, unknown>, type = 'http'): DefinitionInput =>
  ({ name: 'request', steps: [{ id: 'r', type, config, retry: { delay_seconds: 30 } }] }) as DefinitionInput

describeOnEachBackend({}, (engine) => {
  test('a request carries what its config says, and the key of its step', async () => {
    seen = []
    const run = await engine().run(
      step({
        method: 'POST',
        url: '${{ input.origin + "/json" }}',
        headers: { 'x-tenant': '$input.tenant', 'Idempotency-Key': 'of my own' },
        query: { a: ['1', '2'], none: null },
        body: { n: '$input.n' },
      }),
      { input: { origin, tenant: 'acme', n: 3 } },
    )
    expect(run.output).toEqual({
      r: { status: 200, headers: expect.any(Object) as object, body: { ok: true, price: 7 } },
    })
    expect(seen).toMatchObject([
      {
        method: 'POST',
        url: '/json?a=1&a=2',
        headers: { 'x-tenant': 'acme', 'content-type': 'application/json', 'idempotency-key': `${run.id}.r` },
        body: '{"n":3}',
      },
    ])
  })

  test('a form is sent url-encoded, and a redirect after it is followed by a GET', async () => {
    seen = []
    const run = await engine().run(step({ method: 'POST', url: `${origin}/moved`, form: { a: 'b c' } }, 'tool_call'))
    expect(run.status).toBe('completed')
    expect(seen.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['POST', '/moved', 'a=b+c'],
      ['GET', '/json', ''],
    ])
  })

  test('a busy server is asked again when it says, with the same key', async () => {
    seen = []
    failures = 2
    const run = await engine().run(step({ url: `${origin}/flaky`, max_retries: 2 }))
    expect(run.status).toBe('completed')
    expect(stepOf(run, 'r').retry_count).toBe(2)
    expect(new Set(seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  })

  test.each([
    ['an unexpected status', '/gone', {}, 'http_status'],
    ['an answer that is too large', '/large', { max_response_bytes: 1_000 }, 'response_too_large'],
    ['a redirect to an address that is not public', '/away', {}, 'address_refused'],
    ['a header that turns out to have two lines', '/json', { headers: { a: '${{ "x\\ny" }}' } }, 'invalid_request'],
  ])('%s fails the step at once', async (_name, path, config, code) => {
    const run = await engine().run(step({ url: `${origin}${path}`, max_retries: 5, ...config }))
    expect(run).toMatchObject({ status: 'failed', error: { code } })
  })

  test('a map asks for each of its items, with a key for each', async () => {
    seen = []
    const item = { type: 'http', config: { url: `${origin}/json`, query: { n: '$item' } } }
    const run = await engine().run({
      name: 'requests',
      steps: [{ id: 'all', type: 'map', config: { items: [1, 2, 3], concurrency: 2, step: item } }],
    })
    expect(run.output).toMatchObject({ all: [{ status: 200 }, { status: 200 }, { status: 200 }] })
    expect(new Map(seen.map(({ url, headers }) => [url, headers['idempotency-key']]))).toEqual(
      new Map([1, 2, 3].map((n) => [`/json?n=${n}`, `${run.id}.all[${n - 1}]`])),
    )
  })

  test('a request that outlasts its time fails', async () => {
    const run = await engine().run({
      name: 'slow',
      steps: [{ id: 'r', type: 'http', config: { url: `${origin}/never` }, timeout_seconds: 0.3 }],
    })
    expect(run).toMatchObject({ status: 'failed', error: { code: 'timeout' } })
  })

  test('a status that is expected completes the step', async () => {
    const run = await engine().run(step({ url: `${origin}/gone`, expected_statuses: [404, '2xx'] }))
    expect(run.output).toMatchObject({ r: { status: 404, body: 'no such thing' } })
  })

  test('the example http-request asks one server and tells another', async () => {
    seen = []
    const definition = JSON.parse(await readFile('examples/http-request.json', 'utf8')) as DefinitionInput
    const input = { prices_url: `${origin}/prices`, notify_url: `${origin}/notify`, article: 'tea' }
    const run = await engine().run(definition, { input })
    expect(run.output).toEqual({ result: { price: 7, notified: 200 } })
    expect(seen).toMatchObject([
      { method: 'GET', url: '/prices?article=tea' },
      { method: 'POST', url: '/notify', body: '{"article":"tea","price":7}' },
    ])
  })
})
