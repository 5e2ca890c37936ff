import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { definitionOf, PROBLEM, type Page, type Problem } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'
import type { z } from 'zod'
import type {
  validationSchema,
  versionEntrySchema,
  workflowDetailSchema,
  workflowEntrySchema,
  workflowSchema,
} from '../../src/api/schemas/workflow.ts'

type Workflow = z.infer<typeof workflowSchema>
type Detail = z.infer<typeof workflowDetailSchema>
type Validation = z.infer<typeof validationSchema>

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

const post = (definition: unknown, headers = {}) => api.call<Workflow>('workflows', { body: definition, headers })

describe('storing a definition', () => {
  it('a new name is a new workflow, its definition kept as posted', async () => {
    const definition = {
      steps: [{ id: 'one', config: { zeta: 1, alpha: { b: 1, a: 2 }, duration_seconds: 0 } }],
      name: 'kept',
    }
    const { status, headers, body } = await post(definition)
    expect(status).toBe(201)
    expect(headers.get('etag')).toBe('"1"')
    expect(body).toMatchObject({ name: 'kept', version: 1, description: null })
    expect(JSON.stringify(body.definition)).toBe(JSON.stringify(definition))
    const read = await api.call<Detail>('workflows/kept')
    expect(JSON.stringify(read.body.definition)).toBe(JSON.stringify(definition))
  })

  it('the same definition again, in whatever order of keys, is no new version', async () => {
    const first = await post({ name: 'same', description: 'x', steps: [{ id: 'a', type: 'task' }] })
    const again = await post({ steps: [{ type: 'task', id: 'a' }], description: 'x', name: 'same' })
    expect(again.status).toBe(200)
    expect(again.body).toEqual(first.body)
  })

  it('a changed definition is the next version, with its own description', async () => {
    const first = await post(definitionOf('changing', { description: 'before' }))
    const second = await post(definitionOf('changing', { description: 'after' }))
    expect(second.status).toBe(201)
    expect(second.body).toMatchObject({ id: first.body.id, version: 2, description: 'after' })
    const back = await post(definitionOf('changing', { description: 'before' }))
    expect(back).toMatchObject({ status: 201, body: { version: 3 } })
    const old = await api.call<Detail>('workflows/changing?version=2')
    expect(old.body).toMatchObject({ version: 2, description: 'after', definition: { description: 'after' } })
  })

  it('YAML is read like JSON', async () => {
    const yaml = 'name: from-yaml\nsteps:\n  - id: a\n  - id: b\n    depends_on: [a]\n'
    const { status, body } = await post(yaml, { 'content-type': 'application/yaml' })
    expect(status).toBe(201)
    expect(body.definition).toEqual({ name: 'from-yaml', steps: [{ id: 'a' }, { id: 'b', depends_on: ['a'] }] })
  })

  it('simultaneous posts of one new definition make one version', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(definitionOf('together'))))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19)
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
  })

  it('simultaneous posts of different definitions each make a version', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => post(definitionOf('race', { description: `${index}` }))),
    )
    const versions = answers.map(({ body }) => body.version).toSorted((a, b) => a - b)
    expect(versions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('all that is wrong comes in one answer, each with its place', async () => {
    const { status, headers, body } = await api.call<Problem>('workflows', {
      body: {
        name: 'wrong',
        colour: 1,
        steps: [
          { id: 'a', depends_on: ['b'] },
          { id: 'a', config: { action: 'no_such' } },
        ],
      },
    })
    expect(status).toBe(422)
    expect(headers.get('content-type')).toBe(PROBLEM)
    expect(body).toMatchObject({ status: 422, title: 'The workflow definition is not valid' })
    expect(body.errors?.map(({ code, path }) => `${code} ${path}`)).toEqual(
      expect.arrayContaining([
        'invalid_definition /colour',
        'unknown_dependency /steps/0/depends_on/0',
        'duplicate_step /steps/1/id',
        'unknown_action /steps/1/config/action',
      ]),
    )
  })

  it.each([['null'], ['[]'], ['"text"'], ['{}'], ['']])('a body of %s is no definition', async (body) => {
    expect((await post(body, { 'content-type': 'application/json' })).status).toBe(422)
  })

  it('a definition that nests beyond all measure is refused, not a fault of ours', async () => {
    const deep = `{"name":"deep","steps":[{"id":"a","input":${'['.repeat(200_000)}${']'.repeat(200_000)}}]}`
    const { status, body } = await api.call<Problem>('workflows', {
      body: deep,
      headers: { 'content-type': 'application/json' },
    })
    expect(status).toBe(422)
    expect(body.errors?.[0]?.code).toBe('limit_exceeded')
  })
})

describe('validation', () => {
  it('a valid definition comes back with its plan and is not stored', async () => {
    const steps = [{ id: 'a' }, { id: 'b', depends_on: ['a'] }, { id: 'c', depends_on: ['a', 'b'] }]
    const { status, body } = await api.call<Validation>('workflows/validate', { body: { name: 'only-checked', steps } })
    expect(status).toBe(200)
    expect(body).toMatchObject({ valid: true, errors: [] })
    expect(body.plan).toMatchObject({
      topological_order: ['a', 'b', 'c'],
      levels: [['a'], ['b'], ['c']],
      critical_path: ['a', 'b', 'c'],
      reduced_edges: [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'c' },
      ],
    })
    expect((await api.call('workflows/only-checked')).status).toBe(404)
  })

  it('an invalid one is an answer too', async () => {
    const { status, body } = await api.call<Validation>('workflows/validate', {
      body: { name: 'x', steps: [{ id: 'a', depends_on: ['a'] }] },
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({ valid: false, plan: null, errors: [{ code: 'self_dependency' }] })
  })
})

describe('reading workflows', () => {
  it('one is found by id and by name, with its plan', async () => {
    const { body: posted } = await post(definitionOf('found'))
    const byName = await api.call<Detail>('workflows/found')
    const byId = await api.call<Detail>(`workflows/${posted.id}`)
    expect(byName.status).toBe(200)
    expect(byName.body).toEqual(byId.body)
    expect(byId.body.plan.topological_order).toEqual(['a'])
    expect(byId.headers.get('etag')).toBe('"1"')
  })

  it.each([['no-such'], ['01900000-0000-7000-8000-000000000000'], ['%00'], ['a%2Fb'], ['a%20b']])(
    'there is no workflow %s',
    async (name) => {
      const { status, body } = await api.call<Problem>(`workflows/${name}`)
      expect(status).toBe(404)
      expect(body.type).toBe('urn:sluice:problem:not_found')
    },
  )

  it('there is no version that was never stored', async () => {
    await post(definitionOf('versioned'))
    expect((await api.call('workflows/versioned?version=2')).status).toBe(404)
    expect((await api.call('workflows/versioned?version=0')).status).toBe(422)
  })

  it('lists are paged, newest first, and carry no definitions', async () => {
    for (const name of ['list-1', 'list-2', 'list-3']) await post(definitionOf(name, { description: 'paged ones' }))
    type Entry = z.infer<typeof workflowEntrySchema>
    const first = await api.call<Page<Entry>>('workflows?search=PAGED&limit=2')
    expect(first.body.items.map(({ name }) => name)).toEqual(['list-3', 'list-2'])
    expect(first.body.items[0]).toMatchObject({ version: 1, step_count: 1, last_run: null })
    expect(first.body.items[0]).not.toHaveProperty('definition')
    const second = await api.call<Page<Entry>>(`workflows?search=paged&limit=2&cursor=${first.body.next_cursor}`)
    expect(second.body.items.map(({ name }) => name)).toEqual(['list-1'])
    expect(second.body.next_cursor).toBeNull()
  })

  it('what is special in patterns is searched for literally', async () => {
    await post(definitionOf('percent', { description: '100% _sure_' }))
    const names = async (search: string) =>
      (await api.call<Page<Workflow>>(`workflows?search=${encodeURIComponent(search)}`)).body.items.map(
        ({ name }) => name,
      )
    expect(await names('100%')).toEqual(['percent'])
    expect(await names('_sure_')).toEqual(['percent'])
    expect(await names('0%_')).toEqual([])
  })

  it('versions are listed newest first', async () => {
    for (const description of ['1', '2', '3']) await post(definitionOf('many', { description }))
    type Entry = z.infer<typeof versionEntrySchema>
    const first = await api.call<Page<Entry>>('workflows/many/versions?limit=2')
    expect(first.body.items.map(({ version }) => version)).toEqual([3, 2])
    const rest = await api.call<Page<Entry>>(`workflows/many/versions?cursor=${first.body.next_cursor}`)
    expect(rest.body.items.map(({ version }) => version)).toEqual([1])
  })

  it.each([
    ['limit=0', '/limit'],
    ['limit=201', '/limit'],
    ['cursor=nonsense', '/cursor'],
    ['serach=x', '/serach'],
    ['search=%00', '/search'],
  ])('a list with ?%s is refused', async (query, path) => {
    const { status, body } = await api.call<Problem>(`workflows?${query}`)
    expect(status).toBe(422)
    expect(body.errors?.map((error) => error.path)).toEqual([path])
  })
})

describe('changing a workflow', () => {
  const put = (id: string, body: unknown, headers = {}) =>
    api.call<Workflow>(`workflows/${id}`, { method: 'PUT', body, headers })

  it('a change that names the latest version succeeds once', async () => {
    const { body } = await post(definitionOf('guarded'))
    const changed = definitionOf('guarded', { description: 'changed' })
    const answers = await Promise.all([
      put(body.id, changed, { 'if-match': '"1"' }),
      put(body.id, definitionOf('guarded', { description: 'otherwise' }), { 'if-match': '1' }),
    ])
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412])
    expect(await put(body.id, changed, { 'if-match': 'W/"2"' })).toMatchObject({ status: 200 })
  })

  it('without If-Match the last one wins', async () => {
    const { body } = await post(definitionOf('unguarded'))
    const { status, headers, body: changed } = await put(body.id, definitionOf('unguarded', { description: 'new' }))
    expect(status).toBe(200)
    expect(headers.get('etag')).toBe('"2"')
    expect(changed).toMatchObject({ id: body.id, version: 2 })
  })

  it('a name cannot change', async () => {
    const { body } = await post(definitionOf('named'))
    const answer = await api.call<Problem>(`workflows/${body.id}`, { method: 'PUT', body: definitionOf('renamed') })
    expect(answer.status).toBe(422)
    expect(answer.body.errors?.[0]?.path).toBe('/name')
  })

  it('an archived workflow is out of the list but readable, and a post brings it back', async () => {
    const { body } = await post(definitionOf('gone'))
    expect(await api.call(`workflows/${body.id}`, { method: 'DELETE' })).toMatchObject({ status: 204, body: '' })
    expect((await api.call(`workflows/${body.id}`, { method: 'DELETE' })).status).toBe(204)
    const list = await api.call<Page<Workflow>>('workflows?search=gone')
    expect(list.body.items).toEqual([])
    const read = await api.call<Detail>(`workflows/${body.id}`)
    expect(read.body.archived_at).toMatch(/Z$/)
    expect((await put(body.id, definitionOf('gone', { description: 'x' }))).status).toBe(409)
    expect((await api.call('workflows/gone/runs', { body: {} })).status).toBe(409)
    expect(await post(definitionOf('gone'))).toMatchObject({ status: 200, body: { id: body.id, version: 1 } })
    expect((await api.call<Detail>('workflows/gone')).body.archived_at).toBeNull()
  })
})
