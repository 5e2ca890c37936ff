import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Problem } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

const register = (definition: unknown) => api.call<Problem>('workflows', { body: definition })
const validate = (definition: unknown) =>
  api.call<{ valid: boolean; errors: NonNullable<Problem['errors']> }>('workflows/validate', { body: definition })

describe('bindings to outputs that are declared', () => {
  const reading = (name: string, charge: object) => ({
    name,
    steps: [
      { id: 'charge', ...charge },
      { id: 'note', input: { amount: '$charge.amuont' }, depends_on: ['charge'] },
    ],
  })
  const declared = { output_schema: { type: 'object', properties: { amount: { type: 'number' } } } }

  it('a path that the step cannot have is refused by validation and registration alike', async () => {
    const error = {
      code: 'invalid_binding',
      path: '/steps/1/input/amount',
      message: '$charge.amuont: step "charge" has no field "amuont" in its output; did you mean "amount"?',
    }
    const { body } = await validate(reading('typed', declared))
    expect(body).toMatchObject({ valid: false, errors: [error] })
    const refused = await register(reading('typed', declared))
    expect([refused.status, refused.body.errors]).toEqual([422, [error]])
  })

  it('what an action announces counts as declared', async () => {
    const { body } = await validate(reading('typed', { config: { action: 'charge_payment' } }))
    expect(body.errors.map(({ code, path }) => [code, path])).toEqual([['invalid_binding', '/steps/1/input/amount']])
  })

  it('an output_schema is stored with its definition, in a map too', async () => {
    const definition = {
      name: 'typed-map',
      steps: [{ id: 'each', type: 'map', config: { items: [1], step: { output_schema: { type: 'null' } } } }],
    }
    expect((await register(definition)).status).toBe(201)
    expect((await api.call('workflows/typed-map')).body['definition']).toEqual(definition)
  })

  it('the JSON Schema of the format knows output_schema', async () => {
    const { body } = await api.call('schema/workflow.json')
    expect(JSON.stringify(body)).toContain('"output_schema":')
  })
})

describe('workflows that contain themselves', () => {
  const containing = (name: string, ...children: object[]) => ({
    name,
    steps: children.map((config, index) => ({ id: `s${index}`, type: 'workflow', config })),
  })

  it('directly: refused, with the cycle written out', async () => {
    const refused = await register(containing('self', { workflow: 'self' }))
    expect([refused.status, refused.body.errors]).toMatchObject([422, [{ code: 'cycle', path: '/steps/0' }]])
    expect(refused.body.errors?.[0]?.message).toContain('self -> self')
  })

  it('by way of others: refused once the circle closes, at each step that leads into it', async () => {
    expect((await register(containing('one', { workflow: 'two' }))).status).toBe(201)
    expect((await register(containing('two', { workflow: 'three' }))).status).toBe(201)
    const closing = containing('three', { workflow: 'elsewhere' }, { workflow: 'one' }, { workflow: 'two' })
    const refused = await register(closing)
    expect([refused.status, refused.body.errors]).toEqual([
      422,
      [
        { code: 'cycle', path: '/steps/1', message: expect.stringContaining('three -> one -> two -> three') },
        { code: 'cycle', path: '/steps/2', message: expect.stringContaining('three -> two -> three') },
      ],
    ])
    expect((await validate(closing)).body).toMatchObject({ valid: false, errors: [{}, {}] })
    expect((await validate({ ...closing, extra: 1 })).body.errors.map(({ code }) => code)).toEqual([
      'invalid_definition',
      'cycle',
      'cycle',
    ])
  })

  it('a new version may close the circle, and is refused; the old one stays', async () => {
    await register(containing('outer', { workflow: 'inner' }))
    await register({ name: 'inner', steps: [{ id: 'a' }] })
    const changed = await api.call<Problem>('workflows/inner', {
      method: 'PUT',
      body: {
        name: 'inner',
        steps: [
          { id: 'm', type: 'map', config: { items: [1], step: { type: 'workflow', config: { workflow: 'outer' } } } },
        ],
      },
    })
    expect([changed.status, changed.body.errors]).toMatchObject([
      422,
      [{ code: 'cycle', path: '/steps/0/config/step' }],
    ])
    expect((await api.call('workflows/inner')).body['version']).toBe(1)
  })

  it('a pinned version that leads nowhere is no cycle, one that leads back is', async () => {
    await register({ name: 'pinned', steps: [{ id: 'a' }] })
    expect((await register(containing('pinned', { workflow: 'pinned', version: 1 }))).status).toBe(201)
    await register(containing('user', { workflow: 'pinned', version: 2 }))
    const refused = await validate(containing('pinned', { workflow: 'user' }))
    expect(refused.body.errors).toEqual([])
    await register(containing('back', { workflow: 'forth' }))
    await register({ name: 'back', steps: [{ id: 'a' }] })
    expect((await validate(containing('forth', { workflow: 'back' }))).body.errors).toEqual([])
    expect((await validate(containing('forth', { workflow: 'back', version: 1 }))).body.errors).toEqual([
      { code: 'cycle', path: '/steps/0', message: expect.stringContaining('forth -> back (version 1) -> forth') },
    ])
  })

  it('an unknown workflow is no error: it may come later', async () => {
    expect((await register(containing('early', { workflow: 'not-there-yet' }))).status).toBe(201)
  })
})
