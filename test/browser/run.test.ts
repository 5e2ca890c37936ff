import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { PACKAGE_ROOT } from '../../src/package-root.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { kill } from '../support/system.ts'
import { useDashboard } from './support/dashboard.ts'
import { write } from './support/editor.ts'
import { expectSoon } from './support/expect-soon.ts'
import { holdAnswers } from './support/held-answers.ts'

/** What a restart of the API makes a browser say. */
const RESTART = [/ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|ABORTED|SOCKET)/]

/** A worker that is killed is missed soon. */
const dashboard = useDashboard({
  env: { LOCK_DURATION_MS: '2000', HEARTBEAT_MS: '500', RECONCILE_INTERVAL_MS: '500' },
})

const example = (name: string) =>
  JSON.parse(readFileSync(join(PACKAGE_ROOT, 'examples', `${name}.json`), 'utf8')) as DefinitionInput

const start = (definition: DefinitionInput, request: Record<string, unknown> = {}) =>
  dashboard.system.start(definition, request)

const isFocused = (element: Element) => element === document.activeElement

/** The status in the header. */
const expectStatus = (page: Page, word: string) =>
  page.locator('.run-header .status-badge', { hasText: word }).first().waitFor({ timeout: 45_000 })

/** Marks the document, so that a reload would be noticed. */
const mark = (page: Page) => page.evaluate(() => document.documentElement.setAttribute('data-marked', 'yes'))

/** A row of the list of steps. */
const row = (page: Page, step: string) =>
  page.getByRole('row').filter({ has: page.getByRole('button', { name: step, exact: true }) })

/** The order workflow with time enough to kill a worker while it charges. */
const ORDER: DefinitionInput = {
  name: 'watched-order',
  steps: [
    { id: 'validate', config: { action: 'validate_order', duration_seconds: 0.3 } },
    { id: 'charge', config: { action: 'charge_payment', duration_seconds: 4 }, depends_on: ['validate'] },
    { id: 'ship', config: { action: 'ship_order', duration_seconds: 0.3 }, depends_on: ['charge'] },
  ],
}

describe('a run', () => {
  it('of an order is watched until it is shipped, though its worker and the API are killed', async () => {
    const { id: order } = await dashboard.system.post<{ id: string }>('/orders', { amount: '99.90' })
    const id = await start(ORDER, { order_id: order })
    const [page] = await Promise.all([
      dashboard.open(`/runs/${id}?view=steps&step=charge`, { faults: RESTART }),
      dashboard.system.executing(id, 'charge').then(kill),
    ])
    await mark(page)
    const attempts = page.getByRole('table', { name: 'Attempts' })
    await attempts.getByText('Lost').waitFor()
    await attempts.getByRole('row').nth(2).getByText('Running').waitFor()

    await kill(dashboard.system.api)
    await page.getByText(/^(Retrying|Stale)$/).waitFor()
    await dashboard.system.startApi()
    const card = page.getByRole('region', { name: 'Order' })
    await card.getByText('Shipped').first().waitFor()
    await expectStatus(page, 'Completed')
    await row(page, 'ship').getByText('Completed').waitFor()
    expect(await page.title()).toBe('Completed: watched-order · Sluice')
    expect(await page.locator('html').getAttribute('data-marked'), 'the page was not loaded again').toBe('yes')
  })

  it('is live while it goes on, and up to date once it has ended', async () => {
    const id = await start({ name: 'approved', steps: [{ id: 'ok', type: 'approval', config: { message: 'Go on?' } }] })
    const page = await dashboard.open(`/runs/${id}`)
    const dot = (word: string) => page.getByRole('status').getByText(word, { exact: true }).waitFor()
    await dot('Live')
    await dashboard.system.post(`/runs/${id}/steps/ok/approve`, { by: 'ann' })
    await expectStatus(page, 'Completed')
    await dot('Up to date')
    await page.reload()
    await dot('Up to date')
  })

  it('keeps what is looked at in the URL', async () => {
    const id = await start(example('diamond'))
    const page = await dashboard.open(`/runs/${id}?view=steps`)
    await expectStatus(page, 'Completed')
    await page.getByText('Done 4').click()
    await page.getByRole('textbox', { name: 'Find a step' }).fill('left')
    await page.getByRole('button', { name: 'left', exact: true }).click()
    await page.getByRole('tab', { name: 'Config' }).click()
    await page.reload()
    await page.getByRole('heading', { name: 'left' }).waitFor()
    expect(await page.getByRole('tab', { name: 'Config' }).getAttribute('aria-selected')).toBe('true')
    expect(await page.getByRole('table', { name: 'Steps' }).getByRole('row').count()).toBe(2)
    await page.goBack()
    await page.goForward()
    await page.getByRole('heading', { name: 'left' }).waitFor()
  })

  it('tells of every attempt of a step while they come', async () => {
    const retry = { delay_seconds: 2 }
    const config = { action: 'fail_times', max_retries: 2 }
    const id = await start({ name: 'thrice', steps: [{ id: 'flaky', config, retry, input: { times: 2 } }] })
    const page = await dashboard.open(`/runs/${id}?view=events`)
    await page.getByText(/Attempt 1 of flaky failed/).waitFor()
    await page.getByText(/Attempt 3 of flaky began/).waitFor()
    await expectStatus(page, 'Completed')
  })

  it('tells of attempts that were cancelled, though the run was retried since', async () => {
    const work = { id: 'work', config: { duration_seconds: 60 } }
    const id = await start({ name: 'cancelled-once', steps: [work] })
    await dashboard.system.executing(id, 'work')
    await dashboard.system.post(`/runs/${id}/cancel`, {})
    await dashboard.system.ended(id)
    await dashboard.system.post(`/runs/${id}/retry`, {})
    await dashboard.system.executing(id, 'work')
    const page = await dashboard.open(`/runs/${id}?view=events`)
    await page.getByText(/^Attempt 1 of work was cancelled/).waitFor()
    await page.getByText(/^Attempt 2 of work began/).waitFor()
    await page.getByText('Somebody retried the run').waitFor()
    expect(await page.getByText('Somebody cancelled the run').count()).toBe(1)
  })

  it('of a large input shows its size, and the input when that is wanted', async () => {
    const large = { text: 'x'.repeat(80_000) }
    const id = await start({ name: 'large-input', steps: [{ id: 'a' }] }, { input: large })
    const page = await dashboard.open(`/runs/${id}?view=io`)
    const input = page.getByRole('textbox', { name: 'Input of the run' })
    const show = page.getByRole('button', { name: 'Show Input of the run (80.0 kB)' })
    await show.waitFor()
    expect(await input.count()).toBe(0)
    await page.getByRole('button', { name: 'Copy Input of the run' }).click()
    expect(JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))).toEqual(large)
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download Input of the run' }).click()
    expect((await saved).suggestedFilename()).toBe('input-of-the-run.json')
    await show.click()
    await input.waitFor()
    await expectSoon(() => input.evaluate(isFocused)).toBe(true)
  })

  it('on a phone opens a step over the page', async () => {
    const id = await start(example('diamond'))
    const page = await dashboard.open(`/runs/${id}?view=steps`, { width: 390, height: 844 })
    await expectStatus(page, 'Completed')
    await page.getByRole('button', { name: 'left', exact: true }).click()
    const panel = page.getByRole('dialog', { name: 'Step left' })
    await panel.getByText('Idempotency key').waitFor()
    await panel.getByRole('button', { name: 'Close the step' }).first().click()
    await panel.waitFor({ state: 'hidden' })
  })
})

describe('what a run waits for', () => {
  it('is said in words, and approved in place', async () => {
    const id = await start(example('approval'), { input: { amount: 420, what: 'a chair' } })
    const page = await dashboard.open(`/runs/${id}?step=decide`)
    const banner = page.getByRole('region', { name: 'Why the run waits' })
    await banner.getByText(/Step decide waits for an approval by anyone/).waitFor()
    await page
      .getByRole('region', { name: 'Why is this waiting?' })
      .getByText(/waits for an approval/)
      .waitFor()
    const asked = page.getByRole('region', { name: 'Approval', exact: true })
    await asked.getByText('May we spend 420 on a chair?').waitFor()
    await asked.getByRole('textbox', { name: 'Your name' }).fill('ann')
    await asked.getByRole('textbox', { name: 'Comment' }).fill('sit well')
    await asked.getByRole('button', { name: 'Approve' }).click()
    await expectStatus(page, 'Completed')
    await asked.getByRole('list', { name: 'Decisions' }).getByText('sit well').waitFor()
    await banner.waitFor({ state: 'hidden' })
  })

  it('is rejected from the banner, which fails the run and leads to the step', async () => {
    const id = await start(example('approval'), { input: { amount: 420, what: 'a chair' } })
    const page = await dashboard.open(`/runs/${id}?view=steps`)
    await page.getByRole('button', { name: 'Decide…' }).click()
    await page.getByRole('button', { name: 'Reject' }).click()
    await expectStatus(page, 'Failed')
    const banner = page.getByRole('region', { name: 'Why the run failed' })
    await banner.getByRole('button', { name: 'Go to step decide' }).click()
    await page.getByRole('heading', { name: 'decide', exact: true }).waitFor()
    expect(new URL(page.url()).searchParams.get('step')).toBe('decide')
  })

  it('is the next try of a step that backs off', async () => {
    const config = { action: 'fail_times', max_retries: 2 }
    const retry = { delay_seconds: 600 }
    const id = await start({ name: 'backs-off', steps: [{ id: 'flaky', config, retry, input: { times: 2 } }] })
    const page = await dashboard.open(`/runs/${id}?step=flaky`)
    await page
      .getByRole('region', { name: 'Why the run waits' })
      .getByText(/The next is due at/)
      .waitFor()
    await page.getByText('0 of 1 completed, 1 retrying', { exact: true }).waitFor()
    await page
      .locator('.step-facts div', { hasText: 'Next try' })
      .getByText(/^in \d+ (s|min)$/)
      .waitFor()
    expect(await page.getByText('Running for').count()).toBe(0)
  })

  it('which is not told as running', async () => {
    const config = { action: 'fail_times', max_retries: 2 }
    const retry = { delay_seconds: 600 }
    const id = await start({ name: 'between-tries', steps: [{ id: 'flaky', config, retry, input: { times: 2 } }] })
    const page = await dashboard.open(`/runs/${id}?view=steps`)
    await page.getByText('Retrying 1').waitFor()
    expect(await page.getByText('Running 0').count()).toBe(1)
    expect(await row(page, 'flaky').getByRole('cell').last().textContent()).toBe('–')
  })

  it('is told as decided to whoever decides too late', async () => {
    const id = await start(example('approval'), { input: { amount: 420, what: 'a chair' } })
    const page = await dashboard.open(`/runs/${id}?step=decide`, { faults: [/409/] })
    await page.route(/\/approve$/, async (route) => {
      await dashboard.system.post(`/runs/${id}/steps/decide/reject`, { by: 'ann' })
      await expectStatus(page, 'Failed')
      await route.continue()
    })
    await page.getByRole('region', { name: 'Approval', exact: true }).getByRole('button', { name: 'Approve' }).click()
    await page
      .getByRole('alert')
      .getByText(/Your decision does not count. The approval of step decide is rejected already/)
      .waitFor()
  })

  it('is an event that can be sent from there', async () => {
    const id = await start(example('wait-for-event'), { input: { amount: 10 } })
    const page = await dashboard.open(`/runs/${id}`)
    await page.getByRole('button', { name: 'Send event…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Send an event' })
    expect(await dialog.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('payment_received')
    await write(page, 'Data', '{ "amount": 12, "from": "ann" }')
    await dialog.getByRole('button', { name: 'Send', exact: true }).click()
    await expectStatus(page, 'Completed')
  })
})

describe('what can be done to a run', () => {
  it('says its effect before, and a refusal names the state that the run is in', async () => {
    const id = await start(example('approval'), { input: { amount: 1, what: 'ink' } })
    const page = await dashboard.open(`/runs/${id}`, { faults: [/409/] })
    await expectStatus(page, 'Waiting')
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Pause this run?' })
    await dialog.getByText(/No further step starts/).waitFor()
    await dashboard.system.post(`/runs/${id}/cancel`, {})
    await dashboard.system.ended(id)
    await dialog.getByRole('button', { name: 'Pause the run' }).click()
    await page
      .getByRole('alert')
      .getByText(/is cancelled: only a queued, running or waiting run can be paused/)
      .waitFor()
    await expectStatus(page, 'Cancelled')
  })

  it('is pausing and resuming, and cancelling', async () => {
    const id = await start(example('approval'), { input: { amount: 1, what: 'ink' } })
    const page = await dashboard.open(`/runs/${id}`)
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await page.getByRole('button', { name: 'Pause the run' }).click()
    await expectStatus(page, 'Paused')
    await page
      .getByRole('region', { name: 'Why the run waits' })
      .getByText(/The run is paused/)
      .waitFor()
    await page.getByRole('button', { name: 'Resume', exact: true }).click()
    await expectStatus(page, 'Waiting')
    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await page.getByRole('dialog').getByText('2 steps that have not run will not.').waitFor()
    await page.getByRole('button', { name: 'Cancel the run' }).click()
    await expectStatus(page, 'Cancelled')
    await page.getByRole('button', { name: 'Retry failed' }).waitFor()
  })

  it.each(['its own page', 'the list of runs'])(
    'offers to take a pause back while %s knows it paused',
    async (where) => {
      const id = await start({ name: 'undone', steps: [{ id: 'a', type: 'wait_event', config: { event: 'never' } }] })
      const page = await dashboard.open(`/runs/${id}`)
      await page.getByRole('button', { name: 'Pause', exact: true }).click()
      await page.getByRole('button', { name: 'Pause the run' }).click()
      const undo = page.getByRole('button', { name: 'Undo' })
      // It stays for as long as the pointer is over it.
      await undo.hover()
      if (where === 'the list of runs') {
        await page.keyboard.press('g')
        await page.keyboard.press('r')
        await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor()
      }
      expect(await undo.count()).toBe(1)
      await dashboard.system.post(`/runs/${id}/resume`, {})
      await expectSoon(() => undo.count()).toBe(0)
    },
  )

  it('offers to take a pause back also where its stream tells late of what was before', async () => {
    const id = await start({ name: 'undone', steps: [{ id: 'a', type: 'wait_event', config: { event: 'never' } }] })
    const read = () => dashboard.system.get<{ status: string }>(`/runs/${id}`)
    await expectSoon(async () => (await read()).status).toBe('waiting')
    const before = await read()
    const page = await dashboard.open('/runs')
    let tellLate = () => {}
    const isLate = new Promise<void>((resolve) => {
      tellLate = resolve
    })
    const stream = new RegExp(`/runs/${id}/stream`)
    await page.route(
      stream,
      async (route) => {
        await isLate
        const body = `event: run\ndata: ${JSON.stringify(before)}\n\n`
        await route.fulfill({ contentType: 'text/event-stream', body })
      },
      { times: 1 },
    )
    await page.goto(`/runs/${id}`)
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await page.getByRole('button', { name: 'Pause the run' }).click()
    const undo = page.getByRole('button', { name: 'Undo' })
    await undo.hover()
    // The stream is lost then, and the next one tells how it is.
    const next = page.waitForRequest(stream)
    tellLate()
    await next
    await expectStatus(page, 'Paused')
    expect(await undo.count()).toBe(1)
  })

  it('shows what became of its steps while its answer was under way', async () => {
    // On a machine that is too slow for it, the step has ended before: then there is nothing to see.
    const work = { id: 'work', config: { duration_seconds: 4 } }
    const after = { id: 'after', type: 'wait_event' as const, config: { event: 'never' }, depends_on: ['work'] }
    const id = await start({ name: 'paused-late', steps: [work, after] })
    const page = await dashboard.open(`/runs/${id}?view=steps`)
    const answer = await holdAnswers(page, /\/pause$/)
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await page.getByRole('button', { name: 'Pause the run' }).click()
    await row(page, 'work').getByText('Completed').waitFor()
    await expectSoon(() => answer.bodies.length).toBe(1)
    // Nothing else puts it right.
    await page.route(new RegExp(`/api/v1/runs/${id}$`), () => undefined)
    answer.goOn()
    await page.getByText('Paused: no further step starts').waitFor()
    expect(await row(page, 'work').getByText('Completed').count()).toBe(1)
  })

  it('is going on from a step, which repeats that one and what depends on it', async () => {
    const id = await start(example('diamond'))
    const page = await dashboard.open(`/runs/${id}?view=steps&step=left`)
    await expectStatus(page, 'Completed')
    const { completed_at: before } = await dashboard.system.get<{ completed_at: string }>(`/runs/${id}`)
    await page.getByRole('button', { name: 'Retry from here…' }).click()
    await page
      .getByRole('dialog', { name: 'Retry from left?' })
      .getByText(/So does the 1 step that depends on it: /)
      .waitFor()
    await page.getByRole('button', { name: 'Retry from left' }).click()
    await expect
      .poll(async () => (await dashboard.system.get<{ completed_at: string }>(`/runs/${id}`)).completed_at, {
        timeout: 45_000,
      })
      .not.toBe(before)
    await dashboard.system.ended(id)
    await expectStatus(page, 'Completed')
    await page.getByRole('table', { name: 'Attempts' }).getByText('2', { exact: true }).waitFor()
  })

  it('is running it again with another input, which the schema checks first, and comparing both', async () => {
    const id = await start(example('approval'), { input: { amount: 7, what: 'pens' } })
    const page = await dashboard.open(`/runs/${id}`)
    await page.getByRole('button', { name: 'Rerun…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Rerun with this input' })
    await dialog.getByText('"pens"').waitFor()
    await write(page, 'Input', '{ "amount": "much", "what": "pens" }')
    await dialog.getByText('/amount').waitFor()
    expect(await dialog.getByRole('button', { name: 'Rerun with edited input' }).isDisabled()).toBe(true)
    await write(page, 'Input', '{ "amount": 8, "what": "pens" }')
    await dialog.getByRole('button', { name: 'Rerun with edited input' }).click()
    await page.getByText('Rerun of').waitFor()
    await expectStatus(page, 'Waiting')
    expect(page.url()).not.toContain(id)
    await page.getByRole('tab', { name: 'Input & output' }).click()
    await page.getByRole('textbox', { name: 'Input of the run' }).getByText('8').waitFor()

    await page.getByRole('link', { name: 'compare' }).click()
    await page.getByRole('heading', { level: 1, name: 'Compare runs' }).waitFor()
    await page.getByText('Their inputs differ').waitFor()
    await page.getByRole('button', { name: 'decide', exact: true }).click()
    await page.getByRole('textbox', { name: 'input in B' }).waitFor()
  })
})

describe('the log of a run', () => {
  it('grows while the run goes on, and a link leads to a line of it', async () => {
    const { id: order } = await dashboard.system.post<{ id: string }>('/orders', { amount: '5.00' })
    const id = await start(example('order-processing'), { order_id: order })
    const page = await dashboard.open(`/runs/${id}?view=logs`)
    const log = page.getByRole('log', { name: 'Log lines' })
    await log.getByText(/is shipped/).waitFor({ timeout: 45_000 })
    await page.getByRole('textbox', { name: 'Find in the log' }).fill('charged')
    await page.getByText('1 of 3 lines').waitFor()
    await log.getByRole('button', { name: /Link to the line/ }).click()
    await log.locator('[data-marked="true"]').waitFor()
    await page.reload()
    await log.locator('[data-marked="true"]').waitFor()
    expect(new URL(page.url()).searchParams.get('line')).toMatch(/^\d+$/)
  })
})
