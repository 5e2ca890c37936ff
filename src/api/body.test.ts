import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { readBodies } from './body.ts'
import { problemOf, problemResponse } from './problems.ts'

const MAX = 1000

const app = new Hono()
app.use(readBodies(MAX))
app.post('/', async (c) => c.json({ got: await c.req.json<unknown>() }))
app.onError((error) => {
  const problem = problemOf(error)
  if (problem === null) throw error
  return problemResponse(problem)
})

type Body = string | Uint8Array | ReadableStream | null

async function post(body: Body, headers: Record<string, string> = {}) {
  const request = new Request('http://test/', { method: 'POST', body, headers, duplex: 'half' })
  if (headers['content-type'] === undefined) request.headers.delete('content-type')
  const response = await app.request(request)
  return { status: response.status, body: (await response.json()) as { got?: unknown; detail?: string } }
}

function stream(chunks: number, size: number): ReadableStream<Uint8Array> {
  let sent = 0
  return new ReadableStream({
    pull: (controller) => {
      if (sent === chunks) return controller.close()
      sent += 1
      controller.enqueue(new Uint8Array(size).fill(32))
    },
  })
}

describe('readBodies', () => {
  it.each([
    ['application/json'],
    ['application/json; charset=utf-8'],
    ['application/merge-patch+json'],
    ['application/x-www-form-urlencoded'],
    ['text/plain;charset=UTF-8'],
    [''],
  ])('reads JSON sent as "%s"', async (type) => {
    const headers: Record<string, string> = type === '' ? {} : { 'content-type': type }
    expect(await post('{"b": 1, "a": [2]}', headers)).toEqual({ status: 200, body: { got: { b: 1, a: [2] } } })
  })

  it.each([['application/yaml'], ['application/x-yaml'], ['text/yaml']])('reads YAML sent as %s', async (type) => {
    const answer = await post('b: 1\na:\n  - 2\n  - 2026-01-01\n', { 'content-type': type })
    expect(answer).toEqual({ status: 200, body: { got: { b: 1, a: [2, '2026-01-01'] } } })
  })

  it('takes an empty body for an empty object, whatever it calls itself', async () => {
    expect(await post(null, { 'content-type': 'text/html' })).toEqual({ status: 200, body: { got: {} } })
  })

  it('refuses other content types and names the right ones', async () => {
    const { status, body } = await post('{}', { 'content-type': 'text/html' })
    expect(status).toBe(415)
    expect(body.detail).toBe('The content type text/html cannot be read: send application/json or application/yaml.')
  })

  it.each([
    ['application/json', '{"a":\n 1,}', 'not JSON: Expected double-quoted property name at line 2, column 4'],
    ['application/yaml', 'a: [1,\nb: {', 'not YAML: Flow sequence in block collection'],
    ['application/yaml', 'a: 1\na: 2', 'not YAML: Map keys must be unique at line 2, column 1'],
    ['application/yaml', 'a: 1\n---\nb: 2', 'not YAML: '],
    ['application/yaml', 'a: .inf', 'holds Infinity under "a"'],
    ['application/json', new Uint8Array([34, 0xff, 34]), 'not text in UTF-8'],
  ])('tells where %s %j goes wrong', async (type, text, message) => {
    const { status, body } = await post(text, { 'content-type': type })
    expect(status).toBe(400)
    expect(body.detail).toContain(message)
  })

  it('refuses YAML whose aliases expand to something huge', async () => {
    const lines = ['a0: &a0 [x, x]', ...Array.from({ length: 20 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`)]
    expect((await post(lines.join('\n'), { 'content-type': 'application/yaml' })).status).toBe(400)
  })

  it('reads a body of just the limit', async () => {
    expect((await post(`"${'x'.repeat(MAX - 2)}"`)).status).toBe(200)
  })

  it('refuses a body that declares more than the limit, without reading it', async () => {
    const body = stream(1, 10)
    expect((await post(body, { 'content-length': String(MAX + 1) })).status).toBe(413)
    expect(body.locked).toBe(false)
  })

  it('stops reading a body of unknown length at the limit', async () => {
    let pulled = 0
    const endless = new ReadableStream({
      pull: (controller) => {
        pulled += 1
        controller.enqueue(new Uint8Array(100).fill(32))
      },
    })
    expect((await post(endless)).status).toBe(413)
    expect(pulled).toBeLessThan(20)
    expect((await post(stream(5, 100))).status).toBe(400)
  })
})

describe('YAML', () => {
  const yaml = (body: string) => post(body, { 'content-type': 'application/yaml' })

  it('of a hundred thousand keys is read at once', async () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`)
    const app = new Hono()
    app.use(readBodies(4_000_000))
    app.post('/', async (c) => c.json({ keys: Object.keys(await c.req.json<object>()).length }))
    const headers = { 'content-type': 'application/yaml' }
    const response = await app.request('/', { method: 'POST', body: keys.join('\n'), headers })
    expect(await response.json()).toEqual({ keys: 100_000 })
  })

  it('that repeats a key is refused with the place of the second', async () => {
    const { status, body } = await yaml('a:\n  b: 1\n  c: 2\n  b: 3\n')
    expect([status, body.detail]).toEqual([400, expect.stringContaining('unique at line 4, column 3')])
  })

  it('that holds itself is refused', async () => {
    expect((await yaml('a: &a [*a]')).status).toBe(400)
  })
})
