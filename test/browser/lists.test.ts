import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectAccessible, useDashboard } from './support/dashboard.ts'
import { write } from './support/editor.ts'
import { expectSoon } from './support/expect-soon.ts'
import { fill, type World } from './support/world.ts'

const dashboard = useDashboard()
let world: World
beforeAll(async () => {
  world = await fill(dashboard.system)
})

const statusOf = async (path: string) => (await dashboard.system.get<{ status: string }>(path)).status

interface Item {
  id: string
}
const items = async <Found = Item>(path: string) => (await dashboard.system.get<{ items: Found[] }>(path)).items

/** A run that asks; its id. */
async function askFor(what: string, config: Record<string, unknown> = {}): Promise<string> {
  const message = `May we buy ${what}?`
  const steps = [{ id: 'decide', type: 'approval', input: { what }, config: { message, ...config } }]
  const run = await dashboard.system.start({ name: `ask-${what}`, steps })
  await expectSoon(async () => (await items(`/approvals?run=${run}`)).length).toBe(1)
  return run
}

describe('the inbox of approvals', () => {
  const row = (page: Page, what: string) => page.getByRole('link', { name: `May we buy ${what}?` })

  it('approves with a name and a comment; the run goes on, and the name is remembered', async () => {
    const run = await askFor('lamps')
    const page = await dashboard.open('/approvals')
    await row(page, 'lamps').click()
    await page.getByRole('heading', { name: 'May we buy lamps?' }).waitFor()
    await page.getByRole('textbox', { name: 'Your name' }).fill('ada')
    await page.getByRole('textbox', { name: 'Comment' }).fill('They are bright')
    await page.getByRole('button', { name: 'Add data' }).click()
    await write(page, 'Data', '{"most": 3')
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByText(/JSON at position/).waitFor()
    await write(page, 'Data', '{"most": 3}')
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByText('Approved: decide goes on').waitFor()
    await expectSoon(() => statusOf(`/runs/${run}`)).toBe('completed')
    await expectSoon(() => row(page, 'lamps').count()).toBe(0)
    await page.getByText('Done', { exact: true }).click()
    await row(page, 'lamps').getByText('by ada').waitFor()
    expect(new URL(page.url()).searchParams.get('tab')).toBe('done')
    await page.getByText('They are bright').waitFor()
    expect(await page.evaluate(() => localStorage.getItem('sluice-name'))).toContain('ada')
  })

  it('decides after the overview was looked at, which shows the newest questions, too', async () => {
    const run = await askFor('clocks')
    const page = await dashboard.open('/')
    await page.getByText('May we buy clocks?').first().waitFor()
    await page
      .getByRole('link', { name: /^Approvals/ })
      .first()
      .click()
    await row(page, 'clocks').click()
    await page.getByRole('textbox', { name: 'Your name' }).fill('ada')
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByText('Approved: decide goes on').waitFor()
    await expectSoon(() => statusOf(`/runs/${run}`)).toBe('completed')
  })

  it('is searched beyond what is loaded', async () => {
    await askFor('needles')
    const step = { type: 'approval', config: { message: 'Hay?' } }
    const hay = await dashboard.system.start({
      name: 'hay',
      steps: [{ id: 'm', type: 'map', config: { items: Array.from({ length: 110 }, (_, at) => at), step } }],
    })
    await expectSoon(async () => (await items(`/approvals?run=${hay}&limit=200`)).length).toBe(110)
    const page = await dashboard.open('/approvals?search=needles')
    await row(page, 'needles').waitFor()
    await dashboard.system.post(`/runs/${hay}/cancel`, {})
  })

  it('opens from a link on a phone, where rejecting ends the run', async () => {
    const run = await askFor('chairs')
    const [approval] = await items(`/approvals?run=${run}`)
    const page = await dashboard.open(`/approvals?id=${approval?.id}`, { width: 390, height: 844 })
    await page.getByRole('heading', { name: 'May we buy chairs?' }).waitFor()
    expect(await page.getByRole('list', { name: 'Open approvals' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Reject' }).click()
    await page.getByText('Rejected: decide fails').waitFor()
    await expectSoon(() => statusOf(`/runs/${run}`)).toBe('failed')
    await page.getByRole('link', { name: 'All approvals' }).click()
    await page.getByRole('list', { name: 'Open approvals' }).waitFor()
  })

  it('takes back what the API refuses, and says why', async () => {
    const run = await askFor('desks', { approvers: ['grace', 'ada'] })
    const page = await dashboard.open('/approvals?search=desks', { faults: [/409/] })
    await row(page, 'desks').click()
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByText('Needed: not everyone may decide alone').waitFor()
    await page.getByRole('combobox', { name: 'You are' }).click()
    await page.getByRole('option', { name: 'grace' }).click()
    // What was shown is not what is asked any more.
    await page.route('**/steps/decide/approve', (route) =>
      route.continue({ postData: JSON.stringify({ by: 'grace', input_hash: 'of something else' }) }),
    )
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByRole('alert').waitFor()
    await page.getByRole('button', { name: 'Approve' }).waitFor()
    expect(await row(page, 'desks').count()).toBe(1)
    // What names grace is hers, and not that of others.
    await page.getByText('Mine', { exact: true }).click()
    await row(page, 'desks').waitFor()
    await page.getByRole('textbox', { name: 'You are' }).fill('mallory')
    await row(page, 'desks').waitFor({ state: 'hidden' })
    expect(await statusOf(`/runs/${run}`)).toBe('waiting')
  })

  it('decides about several at once', async () => {
    const runs = [await askFor('pens'), await askFor('paper')]
    const page = await dashboard.open('/approvals?search=ask-p')
    for (const what of ['pens', 'paper']) {
      await page.getByRole('checkbox', { name: `Select: May we buy ${what}?` }).check()
    }
    await page.getByRole('button', { name: 'Approve…' }).click()
    await page.getByRole('button', { name: 'Approve 2 approvals' }).click()
    await page.getByText('Approved: 2 of 2').waitFor()
    for (const run of runs) await expectSoon(() => statusOf(`/runs/${run}`)).toBe('completed')
    await page.getByText('Nothing found').waitFor()
  })

  it('counts what is open in the rail', async () => {
    const page = await dashboard.open('/approvals')
    const link = page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Approvals' })
    const open = (await items('/approvals?status=open')).length
    await expectSoon(() => link.textContent()).toBe(`Approvals${open} open`)
  })
})

describe('schedules', () => {
  it('are made with a preview, paused, run at once, deleted and had back', async () => {
    const page = await dashboard.open('/schedules')
    await page.getByRole('button', { name: 'New schedule' }).first().click()
    const form = page.getByRole('dialog', { name: 'New schedule' })
    await form.getByLabel('Workflow').fill('diamond')
    await page.keyboard.press('Escape')
    await form.getByRole('textbox', { name: 'Cron' }).fill('61 2 * * *')
    await form.getByText('the field minute cannot be "61"').waitFor()
    await form.getByRole('textbox', { name: 'Cron' }).fill('30 2 * * MON-FRI')
    await form.getByText('At 02:30, Monday through Friday').waitFor()
    await expectSoon(() => form.getByRole('region', { name: 'Preview' }).getByRole('listitem').count()).toBe(5)
    await form.getByRole('button', { name: 'Create schedule' }).click()
    const row = page.getByRole('row', { name: /diamond/ })
    await row.getByText('At 02:30, Monday through Friday').waitFor()

    await row.getByRole('button', { name: 'Pause diamond' }).click()
    await row.getByText('Paused').waitFor()
    expect(await items<{ paused: boolean }>('/schedules?workflow=diamond')).toMatchObject([{ paused: true }])

    const before = (await items('/runs?workflow=diamond')).length
    await row.getByRole('button', { name: 'Run diamond now' }).click()
    await page.getByText('Started a run of diamond').waitFor()
    expect((await items('/runs?workflow=diamond')).length).toBe(before + 1)

    await page.getByText('Week', { exact: true }).click()
    await page.getByRole('list', { name: 'The next seven days' }).getByRole('link').first().waitFor()
    await page.getByText('List', { exact: true }).click()
    await row.getByRole('button', { name: 'More for diamond' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByRole('button', { name: 'Delete schedule' }).click()
    await expectSoon(() => row.count()).toBe(0)
    await page.getByRole('alert').filter({ hasText: 'Deleted' }).getByRole('button', { name: 'Undo' }).click()
    await row.getByText('Paused').waitFor()
  })

  it('are changed in the form, whose place is in the URL', async () => {
    const body = { workflow: 'approval', cron: '@daily', timezone: 'UTC', input: { amount: 1, what: 'x' } }
    const { id } = await dashboard.system.post<Item>('/schedules', body)
    const page = await dashboard.open(`/schedules?workflow=approval&edit=${id}`, { faults: [/422/] })
    const form = page.getByRole('dialog', { name: 'Change schedule' })
    await form.getByText('Every day at 00:00').waitFor()
    await write(page, 'Input', '{"amount": "much"}')
    await form.getByRole('button', { name: 'Save changes' }).click()
    await form.getByRole('alert').waitFor()
    await write(page, 'Input', '{"amount": 2, "what": "y"}')
    await form.getByRole('textbox', { name: 'Cron' }).fill('0 6 * * *')
    await form.getByRole('button', { name: 'Save changes' }).click()
    await form.waitFor({ state: 'hidden' })
    await page.getByRole('row', { name: /At 06:00/ }).waitFor()
    expect(new URL(page.url()).search).toBe('?workflow=approval')
  })

  it('are given another workflow', async () => {
    const body = { workflow: 'approval', cron: '15 7 * * *', timezone: 'UTC', input: { amount: 1, what: 'x' } }
    const { id } = await dashboard.system.post<Item>('/schedules', body)
    const page = await dashboard.open(`/schedules?edit=${id}`)
    const form = page.getByRole('dialog', { name: 'Change schedule' })
    await form.getByLabel('Workflow').fill('diamond')
    await page.keyboard.press('Escape')
    await form.getByRole('button', { name: 'Save changes' }).click()
    await page.getByRole('row', { name: /diamond.*At 07:15/ }).waitFor()
    expect(await items('/schedules?workflow=diamond')).toContainEqual(expect.objectContaining({ id }))
  })
})

const ORDER_STEPS = [
  { id: 'validate', config: { action: 'validate_order', duration_seconds: 0 } },
  { id: 'charge', config: { action: 'charge_payment', duration_seconds: 0 }, depends_on: ['validate'] },
  { id: 'ship', config: { action: 'ship_order', duration_seconds: 0 }, depends_on: ['charge'] },
]

describe('orders', () => {
  it('are created, listed by status, and change before one’s eyes', async () => {
    const page = await dashboard.open('/orders')
    await page.getByRole('button', { name: 'New order' }).first().click()
    const form = page.getByRole('dialog', { name: 'New order' })
    await form.getByRole('textbox', { name: 'Amount' }).fill('1250.5')
    await form.getByRole('textbox', { name: 'Reference' }).fill('B-77')
    await expectAccessible(page)
    await form.getByRole('button', { name: 'Create order' }).click()
    await page.getByRole('heading', { level: 1, name: 'B-77' }).waitFor()
    await page.getByText('1,250.50 USD').waitFor()
    const [order] = await items('/orders?status=pending')
    expect(new URL(page.url()).pathname).toBe(`/orders/${order?.id}`)
    await dashboard.system.start({ name: 'quick-order', steps: ORDER_STEPS }, { order_id: order?.id })
    await expectSoon(() => page.title()).toBe('B-77: shipped · Sluice')
    const history = page.getByRole('list', { name: 'History, newest first' })
    expect(await history.getByRole('listitem').count()).toBe(4)
    expect(await history.getByRole('link').first().getAttribute('href')).toMatch(/\/runs\/[0-9a-f-]{36}\?step=/)

    await page.getByRole('link', { name: 'All orders' }).click()
    await page.getByRole('button', { name: 'Shipped' }).click()
    await expectSoon(() => new URL(page.url()).search).toBe('?status=shipped')
    await page.reload()
    await page.getByRole('link', { name: 'B-77' }).waitFor()
    await page.getByRole('button', { name: 'Shipped' }).click()
    await page.getByRole('button', { name: 'Refunded' }).click()
    await page.getByText('No order of this kind').waitFor()
  })

  it('one that there is not is said to be missing', async () => {
    const page = await dashboard.open(`/orders/${world.runs.failed}`, { faults: [/404/] })
    await page.getByText(`There is no order "${world.runs.failed}".`).waitFor()
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(1)
  })
})

describe('the live database', () => {
  it('marks a row that is new, and stands still when paused', async () => {
    const page = await dashboard.open('/database?table=orders')
    const rows = page.getByRole('region', { name: 'Rows of orders' })
    await rows.getByText('A-1001').waitFor()
    await dashboard.system.post('/orders', { amount: '5.00', reference: 'C-1' })
    const marked = rows.getByRole('row').and(page.locator('[data-change="new"]'))
    await marked.getByText('C-1').waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await dashboard.system.post('/orders', { amount: '5.00', reference: 'C-2' })
    const reads = page.waitForRequest(/db\/snapshot/, { timeout: 2_500 }).then(
      () => 'read',
      () => 'still',
    )
    expect(await reads).toBe('still')
    expect(await rows.getByText('C-2').count()).toBe(0)
    await page.getByRole('button', { name: 'Go on' }).click()
    await rows.getByText('C-2').waitFor()
  })

  it('opens JSON below its row, and goes from table to table by the URL', async () => {
    const page = await dashboard.open('/database')
    const rows = page.getByRole('region', { name: 'Rows of runs' })
    await rows.getByRole('button', { name: /"what":"a new chair"/ }).click()
    await rows.getByText('runs.input').or(rows.locator('.cm-content')).first().waitFor()
    await page
      .getByRole('navigation', { name: 'Tables' })
      .getByRole('link', { name: /^step_attempts/ })
      .click()
    await page.getByRole('region', { name: 'Rows of step_attempts' }).waitFor()
    expect(new URL(page.url()).search).toBe('?table=step_attempts')
  })
})
