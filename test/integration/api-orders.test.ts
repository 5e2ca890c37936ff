import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { orderSchema } from '../../src/api/schemas/order.ts'
import type { Page, Problem } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'

type Order = z.infer<typeof orderSchema>

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

const create = (body: unknown) => api.call<Order>('orders', { body })

describe('orders', () => {
  it('a new order is pending, and its history begins with that', async () => {
    const { status, headers, body } = await create({ amount: '99.95', currency: 'eur', reference: 'A-1' })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/api/v1/orders/${body.id}`)
    expect(body).toMatchObject({ amount: '99.95', currency: 'EUR', reference: 'A-1', status: 'pending' })
    expect(body.history).toEqual([{ status: 'pending', at: body.created_at, run_id: null, step_id: null }])
    expect((await api.call<Order>(`orders/${body.id}`)).body).toEqual(body)
  })

  it.each<[unknown, string]>([
    [5, '5.00'],
    [0.1, '0.10'],
    ['7.5', '7.50'],
    ['0.01', '0.01'],
    ['999999999999.99', '999999999999.99'],
    ['007', '7.00'],
  ])('an amount of %j is kept as %s', async (amount, kept) => {
    expect(await create({ amount })).toMatchObject({
      status: 201,
      body: { amount: kept, currency: 'USD', reference: null },
    })
  })

  it.each<[string, unknown]>([
    ['0', { amount: 0 }],
    ['0.00', { amount: '0.00' }],
    ['below 0', { amount: -1 }],
    ['three decimals', { amount: '1.001' }],
    ['a sum that is not exact', { amount: 0.1 + 0.2 }],
    ['too many digits', { amount: '1000000000000' }],
    ['an exponent', { amount: '1e3' }],
    ['a huge number', { amount: 1e21 }],
    ['no number', { amount: 'ten' }],
    ['null', { amount: null }],
    ['nothing', {}],
  ])('an amount of %s is refused', async (_name, body) => {
    const answer = await api.call<Problem>('orders', { body })
    expect(answer.status).toBe(422)
    expect(answer.body.errors?.map(({ path }) => path)).toEqual(['/amount'])
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['a currency that is none', { currency: 'EURO' }, '/currency'],
    ['a reference of more than 200 characters', { reference: 'x'.repeat(201) }, '/reference'],
    ['an unknown key', { total: 1 }, '/total'],
    ['a status', { status: 'shipped' }, '/status'],
  ])('%s is refused', async (_name, more, path) => {
    const answer = await api.call<Problem>('orders', { body: { amount: 1, ...more } })
    expect(answer.status).toBe(422)
    expect(answer.body.errors?.map((error) => error.path)).toEqual([path])
  })

  it('lists are paged, newest first, and filtered by status', async () => {
    const ids: string[] = []
    for (let count = 0; count < 3; count += 1) ids.unshift((await create({ amount: 1 })).body.id)
    const first = await api.call<Page<Order>>('orders?limit=2')
    expect(first.body.items.map(({ id }) => id)).toEqual(ids.slice(0, 2))
    expect(first.body.items[0]?.history).toHaveLength(1)
    const second = await api.call<Page<Order>>(`orders?limit=1&cursor=${first.body.next_cursor}`)
    expect(second.body.items.map(({ id }) => id)).toEqual(ids.slice(2))
    await api.database.query(`update orders set status = 'charged' where id = $1`, [ids[1]])
    expect((await api.call<Page<Order>>('orders?status=charged')).body.items.map(({ id }) => id)).toEqual([ids[1]])
    expect((await api.call('orders?status=lost')).status).toBe(422)
  })

  it.each([['A-1'], ['01900000-0000-7000-8000-000000000000']])('there is no order %s', async (id) => {
    expect((await api.call(`orders/${id}`)).status).toBe(404)
  })
})
