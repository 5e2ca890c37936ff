import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { definitionOf, type Problem } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'

/** Idempotency keys of requests that start many runs, or one as another was. */

let api: TestApi
beforeAll(async () => {
  api = await startApi()
  for (const name of ['plain', 'other']) await api.call('workflows', { body: definitionOf(name) })
})
afterAll(() => api.stop())

interface Batch {
  items: { id: string }[]
}

const keyed = (key: string) => ({ headers: { 'idempotency-key': key } })
const inputs = (count: number, first = 0) => Array.from({ length: count }, (_, n) => ({ input: { n: first + n } }))
const batch = (runs: unknown[], key: string, workflow = 'plain') =>
  api.call<Batch & Problem>(`workflows/${workflow}/runs/batch`, { body: { runs }, ...keyed(key) })
const start = (key: string) => api.call<{ id: string } & Problem>('workflows/plain/runs', { body: {}, ...keyed(key) })
const countRuns = async () => Number((await api.database.query<{ n: string }>('select count(*) n from runs'))[0]?.n)
const isReplay = ({ headers }: { headers: Headers }) => headers.get('idempotency-replayed') === 'true'
const MISMATCH = {
  status: 422,
  body: {
    type: 'urn:sluice:problem:idempotency_mismatch',
    errors: [{ path: '/idempotency-key', code: 'idempotency_mismatch' }],
  },
}

describe('the key of a batch', () => {
  it('twenty simultaneous requests with one key start its runs once, and all answer with them, in order', async () => {
    const before = await countRuns()
    const answers = await Promise.all(Array.from({ length: 20 }, () => batch(inputs(30), 'twenty')))
    const [first] = answers
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(await countRuns()).toBe(before + 30)
    expect(answers.filter((answer) => !isReplay(answer)).map(({ status }) => status)).toEqual([202])
    expect(answers.filter(isReplay).map(({ status }) => status)).toEqual(Array<number>(19).fill(200))
    const read = await Promise.all(first!.body.items.map(({ id }) => api.call<{ input: unknown }>(`runs/${id}`)))
    expect(read.map(({ body }) => body.input)).toEqual(inputs(30).map(({ input }) => input))
  })

  it('stands for these runs and no others: with more, fewer or other ones it is refused, and nothing started', async () => {
    const { body } = await batch(inputs(3), 'these')
    const before = await countRuns()
    for (const runs of [inputs(5), inputs(2), inputs(3, 1)]) expect(await batch(runs, 'these')).toMatchObject(MISMATCH)
    expect(await start('these')).toMatchObject(MISMATCH)
    expect(await countRuns()).toBe(before)
    expect((await batch(inputs(3), 'these')).body).toEqual(body)
  })

  it('of two batches that come at once with one key, one starts all of its runs, and the other none', async () => {
    const before = await countRuns()
    const answers = await Promise.all([batch(inputs(40), 'rivals'), batch(inputs(60), 'rivals')])
    const [winner, ...more] = answers.filter(({ status }) => status === 202)
    expect(more).toEqual([])
    expect(answers.filter(({ status }) => status === 422)).toMatchObject([MISMATCH])
    expect(await countRuns()).toBe(before + winner!.body.items.length)
  })

  it('is taken by a single run, too, and belongs to its workflow', async () => {
    await start('single')
    expect(await batch(inputs(2), 'single')).toMatchObject(MISMATCH)
    expect((await batch(inputs(2), 'single', 'other')).status).toBe(202)
  })

  it('may be that of a batch of one', async () => {
    const first = await batch(inputs(1), 'one')
    expect(first.status).toBe(202)
    expect(await batch(inputs(1), 'one')).toMatchObject({ status: 200, body: first.body })
  })

  it('finds its runs when the workflow has moved on, and when it was archived', async () => {
    await api.call('workflows', { body: definitionOf('retired') })
    const first = await batch(inputs(2), 'late', 'retired')
    await api.call('workflows', { body: definitionOf('retired', { description: 'new' }) })
    expect(await batch(inputs(2), 'late', 'retired')).toMatchObject({ status: 200, body: first.body })
    await api.call('workflows/retired', { method: 'DELETE' })
    expect(await batch(inputs(2), 'late', 'retired')).toMatchObject({ status: 200, body: first.body })
    expect((await batch(inputs(2), 'later', 'retired')).status).toBe(409)
  })
})

describe('the key of a rerun', () => {
  const rerun = (run: string, key: string, body: unknown = {}) =>
    api.call<{ id: string; rerun_of: string }>(`runs/${run}/rerun`, { body, ...keyed(key) })

  it('makes it repeatable, whoever comes first', async () => {
    const { id } = (await start('to be rerun')).body
    const before = await countRuns()
    const answers = await Promise.all(Array.from({ length: 10 }, () => rerun(id, 'again')))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(answers.filter(isReplay)).toHaveLength(9)
    expect(answers[0]!.body.rerun_of).toBe(id)
    expect(answers.map(({ headers, body }) => headers.get('location') === `/api/v1/runs/${body.id}`)).not.toContain(
      false,
    )
    expect(await countRuns()).toBe(before + 1)
  })

  it('is refused for another input, for another run, and for a start', async () => {
    const [one, other] = [(await start('one of two')).body.id, (await start('two of two')).body.id]
    const first = await rerun(one, 'mine', { input: { n: 1 } })
    expect(await rerun(one, 'mine', { input: { n: 1 } })).toMatchObject({ status: 200, body: { id: first.body.id } })
    expect(await rerun(one.toUpperCase(), 'mine', { input: { n: 1 } })).toMatchObject({ status: 200 })
    for (const again of [
      rerun(one, 'mine', { input: { n: 2 } }),
      rerun(other, 'mine', { input: { n: 1 } }),
      start('mine'),
    ])
      expect(await again).toMatchObject(MISMATCH)
  })
})
