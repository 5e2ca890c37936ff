import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { expectAccessible, useDashboard } from './support/dashboard.ts'
import { write } from './support/editor.ts'
import { expectSoon } from './support/expect-soon.ts'

const dashboard = useDashboard()

const isFocused = (element: Element) => element === document.activeElement

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor()

it('a workflow is written in the editor, saved, run, changed and compared', async () => {
  const page = await dashboard.open('/define')
  await page.getByText('Valid: 2 steps on 2 levels').waitFor()

  await write(page, 'Definition', '{ "name": "greeting", "steps": [{ "id": "a", "config": { "action": "ecko" } }] }')
  const problems = page.getByRole('status', { name: 'Problems' })
  await problems.getByText('One problem').waitFor()
  expect(await problems.textContent()).toContain('/steps/0/config/action')
  expect(await problems.textContent()).toContain('"echo"')
  expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)

  await write(page, 'Definition', '{ "name": "greeting", "steps": [{ "id": "a", "config": { "action": "echo" } }] }')
  await page.getByText('Valid: 1 steps').waitFor()
  await page.getByRole('button', { name: 'Save' }).click()
  await heading(page, 'greeting')

  await page.getByRole('link', { name: 'Start a run' }).last().click()
  await heading(page, 'Start a run')
  await write(page, 'Input', '{ "who": "me" }')
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await page.waitForURL(/\/runs\/[0-9a-f-]{36}/)
  await page.getByText('Completed').first().waitFor()

  await page.goto('/workflows/greeting')
  await page.getByText('Valid: 1 steps').waitFor()
  await write(page, 'Definition', '{ "name": "greeting", "steps": [{ "id": "b", "config": { "action": "echo" } }] }')
  await page.getByText('Valid: 1 steps').waitFor()
  await page.reload()
  expect(await page.getByRole('textbox', { name: 'Definition' }).textContent()).toContain('"id": "b"')
  await page.getByRole('button', { name: 'Save as version 2' }).click()
  await page.getByText('Saved version 2').waitFor()
  await page.getByRole('tab', { name: 'Versions' }).click()
  await page.getByRole('link', { name: 'Version 1', exact: true }).waitFor()
  await page.getByRole('textbox', { name: 'Version 2' }).waitFor()
  expect(await page.getByRole('textbox', { name: 'Version 1' }).textContent()).toContain('"id": "a"')
  expect(await page.getByRole('textbox', { name: 'Version 2' }).textContent()).toContain('"id": "b"')
  const shade = (side: string) =>
    page
      .locator(`.cm-merge-${side} .cm-changedLine`)
      .first()
      .evaluate((line) => getComputedStyle(line).backgroundColor)
  expect(await shade('a')).not.toBe(await shade('b'))
})

it('saving what is the same version says so', async () => {
  const definition = { name: 'blank', steps: [{ id: 'a', config: { action: 'echo' } }] }
  await dashboard.system.post('/workflows', definition)
  const page = await dashboard.open('/workflows/blank')
  await page.getByText('Valid: 1 steps').waitFor()
  await write(page, 'Definition', JSON.stringify(definition))
  // It goes by itself soon.
  const said = page.getByText('Nothing changed: still version 1').waitFor()
  await Promise.all([said, page.getByRole('button', { name: 'Save as version 2' }).click()])
  expect((await dashboard.system.get<{ version: number }>('/workflows/blank')).version).toBe(1)
})

it('a change on top of one that somebody else saved meanwhile is not saved without a look', async () => {
  const definition = (action: string) => ({ name: 'shared', steps: [{ id: 'a', config: { action } }] })
  await dashboard.system.post('/workflows', definition('echo'))
  const page = await dashboard.open('/workflows/shared', { faults: [/412/] })
  await page.getByText('Valid: 1 steps').waitFor()
  const save = page.getByRole('button', { name: /^Save as version/ })
  // What was begun with version 1 stays so, also where the page learns of version 2 by itself.
  await write(page, 'Definition', '{ "name": "shared", "steps": [{ "id": "mine" }] }')
  await expectSoon(() => save.isEnabled()).toBe(true)
  await dashboard.system.post('/workflows', { ...definition('echo'), description: 'Theirs' })
  await save.click()
  await page.getByRole('alert').getByRole('button', { name: 'Compare with theirs' }).click()
  await page.getByRole('textbox', { name: 'Version 2' }).waitFor()
  await page.getByRole('button', { name: 'Save mine on top' }).click()
  await page.getByText('Saved version 3').waitFor()
  const { version } = await dashboard.system.get<{ version: number }>('/workflows/shared')
  expect(version).toBe(3)
})

it('the search is in the address, and the list shows how runs went', async () => {
  await dashboard.system.start({ name: 'found', steps: [{ id: 'a' }] })
  await dashboard.system.post('/workflows', { name: 'other', steps: [{ id: 'a' }] })
  const page = await dashboard.open('/workflows')
  await page.getByRole('link', { name: 'other' }).waitFor()
  await page.getByRole('textbox', { name: 'Search workflows' }).fill('found')
  await page.getByRole('link', { name: 'other' }).waitFor({ state: 'detached' })
  await page.waitForURL(/search=found/)
  await page.reload()
  await page.getByRole('link', { name: /^Completed in/ }).waitFor()
  expect(await page.getByRole('link', { name: 'other' }).count()).toBe(0)
})

it('a search for workflows is gone from its field once it is cleared', async () => {
  await dashboard.system.post('/workflows', { name: 'other', steps: [{ id: 'a' }] })
  const page = await dashboard.open('/workflows')
  const field = page.getByRole('textbox', { name: 'Search workflows' })
  await field.fill('nothing like it')
  await page.getByRole('button', { name: 'Clear the search' }).click()
  await page.getByRole('link', { name: 'other' }).waitFor()
  expect(await field.inputValue()).toBe('')
})

it('an order is made once, however often the start that goes with it is refused', async () => {
  await dashboard.system.post('/workflows', {
    name: 'picky',
    input_schema: { type: 'object', required: ['quantity'], properties: { quantity: { type: 'integer', minimum: 1 } } },
    steps: [{ id: 'a' }],
  })
  const orders = async () => (await dashboard.system.get<{ items: unknown[] }>('/orders?limit=200')).items.length
  const before = await orders()
  const page = await dashboard.open('/start?workflow=picky', { faults: [/422/] })
  const quantity = page.getByRole('textbox', { name: 'quantity' })
  await quantity.waitFor()
  await page.getByText('Start with order').click()
  const go = page.getByRole('button', { name: 'Start', exact: true })
  await go.click()
  await expectSoon(() => quantity.getAttribute('aria-invalid')).toBe('true')
  expect(await page.getByRole('textbox', { name: 'Id of the order' }).inputValue()).toMatch(/^[0-9a-f-]{36}$/)
  await quantity.fill('2')
  await go.click()
  await page.waitForURL(/\/runs\/[0-9a-f-]{36}/)
  expect(await orders()).toBe(before + 1)
})

it('the newest runs stay where they cannot be read again', async () => {
  const run = await dashboard.system.start({ name: 'kept', steps: [{ id: 'a' }] })
  const page = await dashboard.open('/workflows/kept?tab=runs', { faults: [/500|Failed to load/] })
  const link = page.getByRole('link', { name: `Run ${run}` })
  await link.waitFor()
  const body = '{"error":{"code":"internal","message":"no"}}'
  await page.route('**/api/v1/runs?**', (route) =>
    route.fulfill({ status: 500, contentType: 'application/json', body }),
  )
  for (let refused = 0; refused < 6; refused += 1) {
    await page.waitForResponse((response) => response.status() === 500)
    expect(await link.count()).toBe(1)
  }
})

it('a definition that could not be checked says so, and is checked once that can be', async () => {
  const page = await dashboard.open('/define', { faults: [/Failed to load|net::ERR/] })
  await page.getByText(/^Valid: 2 steps/).waitFor()
  await page.route('**/api/v1/workflows/validate', (route) => route.abort())
  await write(page, 'Definition', '{ "name": "unchecked", "steps": [{ "id": "only" }] }')
  await page.getByText(/It could not be checked/).waitFor()
  await page.unroute('**/api/v1/workflows/validate')
  await page.getByText(/^Valid: 1 steps/).waitFor()
  expect(await page.getByText(/It could not be checked/).count()).toBe(0)
})

it('a form is made of the input_schema, and an order is created with the run', async () => {
  await dashboard.system.post('/workflows', {
    name: 'ordered',
    input_schema: {
      type: 'object',
      required: ['quantity'],
      properties: { quantity: { type: 'integer', minimum: 1 }, gift: { type: 'boolean' } },
    },
    steps: [{ id: 'a', type: 'transform', config: { output: { of: '$order.amount', quantity: '$input.quantity' } } }],
  })
  const page = await dashboard.open('/start?workflow=ordered')
  await page.getByRole('textbox', { name: 'quantity' }).fill('3')
  await page.getByText('Start with order').click()
  await page.getByRole('textbox', { name: 'Amount' }).fill('12.50')
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await page.waitForURL(/\/runs\/[0-9a-f-]{36}/)
  const id = new URL(page.url()).pathname.split('/')[2]!
  expect((await dashboard.system.ended(id)).status).toBe('completed')
  const run = await dashboard.system.get<{ output: unknown }>(`/runs/${id}`)
  expect(run.output).toEqual({ a: { of: '12.50', quantity: 3 } })
})

it('an example is picked and run without being stored first', async () => {
  const page = await dashboard.open('/start')
  await page.getByText('Definition or example').click()
  await page.getByPlaceholder('None').click()
  await page.getByRole('option', { name: 'diamond' }).click()
  await page.getByText(/^Valid:/).waitFor()
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await page.waitForURL(/\/runs\/[0-9a-f-]{36}/)
  const id = new URL(page.url()).pathname.split('/')[2]!
  expect((await dashboard.system.ended(id)).status).toBe('completed')
})

it('a webhook is made, its secret shown once, and removed after a question', async () => {
  await dashboard.system.post('/workflows', { name: 'hooked', steps: [{ id: 'a' }] })
  const page = await dashboard.open('/workflows/hooked?tab=webhooks')
  await page.getByRole('button', { name: 'New webhook' }).click()
  await page.getByText('Keep the secret now').waitFor()
  await page.getByText(/\/hooks\//).waitFor()
  await page.getByRole('button', { name: 'Remove this webhook' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove webhook' }).click()
  await page.getByText('No webhook').waitFor()
  expect((await dashboard.system.get<{ items: unknown[] }>('/workflows/hooked/webhooks')).items).toEqual([])
})

it('a webhook gets a new secret, which is shown once', async () => {
  const triggers = [{ type: 'webhook' }]
  await dashboard.system.post('/workflows', { name: 'rehooked', triggers, steps: [{ id: 'a' }] })
  const page = await dashboard.open('/workflows/rehooked?tab=webhooks')
  await page.getByText('the definition').waitFor()
  await page.getByRole('button', { name: 'Make a new secret for this webhook' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Make a new secret' }).click()
  await page.getByText('Keep the secret now').waitFor()
  await page.getByRole('button', { name: 'Copy secret' }).waitFor()
  await page.reload()
  await page.getByText('the definition').waitFor()
  expect(await page.getByRole('button', { name: 'Copy secret' }).count()).toBe(0)
})

it('a workflow is archived after a question, and brought back', async () => {
  await dashboard.system.post('/workflows', { name: 'retired', steps: [{ id: 'a' }] })
  const archivedAt = async () =>
    (await dashboard.system.get<{ archived_at: string | null }>('/workflows/retired')).archived_at
  const page = await dashboard.open('/workflows/retired')
  await page.getByRole('button', { name: 'Archive…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Archive', exact: true }).click()
  await page.getByText('Archived retired').waitFor()
  await expectSoon(archivedAt).not.toBe(null)
  await page.getByRole('button', { name: 'Bring back' }).click()
  await page.getByText('retired is back').waitFor()
  await expectSoon(archivedAt).toBe(null)
  await page.getByRole('button', { name: 'Archive…' }).waitFor()
})

it('Tab leaves the editor', async () => {
  const page = await dashboard.open('/define')
  await page.getByText(/^Valid: 2 steps/).waitFor()
  const editor = page.getByRole('textbox', { name: 'Definition' })
  const text = await editor.textContent()
  await editor.click()
  await page.keyboard.press('Tab')
  expect(await editor.evaluate(isFocused)).toBe(false)
  await editor.click()
  await page.keyboard.press('Shift+Tab')
  expect(await editor.evaluate(isFocused)).toBe(false)
  expect(await editor.textContent()).toBe(text)
})

it('a workflow that there is not is said so in the heading of the page', async () => {
  const page = await dashboard.open('/workflows/nosuch', { faults: [/404/] })
  await heading(page, 'There is no such workflow')
  expect(await page.title()).toMatch(/No such workflow/)
  await page.getByRole('link', { name: 'Go to the workflows' }).click()
  await heading(page, 'Workflows')
})

it('the list of workflows fits a window of 1024 pixels', async () => {
  const name = 'a-workflow-with-a-rather-long-name-as-they-are-in-practice'
  await dashboard.system.post('/workflows', {
    name,
    description: 'Does this and that. '.repeat(8),
    steps: [{ id: 'a' }],
  })
  await dashboard.system.post(`/workflows/${name}/runs/batch`, { runs: Array.from({ length: 25 }, () => ({})) })
  const page = await dashboard.open('/workflows', { width: 1024 })
  await page.getByRole('link', { name }).waitFor()
  await expectSoon(() => page.getByRole('link', { name: /^Completed in/ }).count()).toBeGreaterThan(9)
  const region = page.getByRole('region', { name: 'Workflows', exact: true })
  expect(await region.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0)
})

it('what the API refuses is said at its field', async () => {
  await dashboard.system.post('/workflows', {
    name: 'strict',
    input_schema: {
      type: 'object',
      required: ['quantity'],
      properties: { quantity: { type: 'integer', minimum: 1 } },
    },
    steps: [{ id: 'a' }],
  })
  const page = await dashboard.open('/start?workflow=strict', { faults: [/422/, /404/, /400/] })
  const quantity = page.getByRole('textbox', { name: 'quantity' })
  await quantity.waitFor()
  const go = page.getByRole('button', { name: 'Start', exact: true })
  await go.click()
  await page.locator('input[aria-invalid="true"]').first().waitFor()
  await expectAccessible(page)
  expect(await quantity.getAttribute('aria-invalid')).toBe('true')
  await quantity.fill('2')
  await expectSoon(() => quantity.getAttribute('aria-invalid')).not.toBe('true')
  await page.getByText('Existing order').click()
  const order = page.getByRole('textbox', { name: 'Id of the order' })
  await order.fill('nonsense')
  await go.click()
  await expectSoon(() => order.getAttribute('aria-invalid')).toBe('true')
  await page.getByText('No order').click()
  await page.getByText('JSON', { exact: true }).click()
  await write(page, 'Input', '{ "quantity": 0 }')
  await go.click()
  await expectSoon(() => page.getByRole('textbox', { name: 'Input' }).getAttribute('aria-invalid')).toBe('true')
})
