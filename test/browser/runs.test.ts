import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { openStream } from '../support/streams.ts'
import { expectAccessible, useDashboard } from './support/dashboard.ts'
import { expectSoon } from './support/expect-soon.ts'
import { holdAnswers } from './support/held-answers.ts'
import { fill } from './support/world.ts'

const dashboard = useDashboard()
beforeAll(() => fill(dashboard.system))

const table = (page: Page) => page.getByRole('region', { name: 'Runs', exact: true }).getByRole('table')
/** Rows of runs, without the heading. */
const rows = (page: Page) =>
  table(page)
    .getByRole('row')
    .filter({ has: page.getByRole('link') })

/** Starts runs that wait until someone cancels them. */
async function startWaiting(name: string, count: number): Promise<void> {
  const steps = [{ id: 'wait', type: 'wait_event', config: { event: 'never' } }]
  await dashboard.system.post('/workflows', { name, steps })
  await dashboard.system.post(`/workflows/${name}/runs/batch`, { runs: Array.from({ length: count }, () => ({})) })
}

/** What the page was told of runs from now on, with a frame for it to draw that. */
function toldStatuses(page: Page) {
  return page.evaluateHandle(async () => {
    const statuses: string[] = []
    const stream = new EventSource('/api/v1/stream')
    stream.addEventListener('run', ({ data }: MessageEvent<string>) => {
      const { status } = JSON.parse(data) as { status: string }
      setTimeout(() => statuses.push(status), 100)
    })
    await new Promise((resolve) => stream.addEventListener('open', resolve, { once: true }))
    return statuses
  })
}

/** What a page is told of the tab that it is in. */
function setHidden(page: Page, hidden: boolean): Promise<void> {
  return page.evaluate((isHidden) => {
    Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true })
    Object.defineProperty(document, 'visibilityState', { value: isHidden ? 'hidden' : 'visible', configurable: true })
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
  }, hidden)
}

/**
 * Takes a page out of sight until it has given its stream back; cancels the first run of a list after the page, in sight
 * again, has read what it reads by itself, and before it has a stream.
 */
async function cancelUnheard(page: Page, list: string): Promise<void> {
  const others = await openStream(`${dashboard.origin}/api/v1/stream`)
  await page.clock.install()
  await setHidden(page, true)
  await page.clock.fastForward(11_000)
  let open = () => {}
  const held = new Promise<void>((resolve) => {
    open = resolve
  })
  await page.route(/\/api\/v1\/stream$/, async (route) => {
    await held
    await route.continue()
  })
  await Promise.all([page.waitForResponse(/\/api\/v1\/runs\?/), setHidden(page, false)])
  const [run] = (await dashboard.system.get<{ items: { id: string }[] }>(`/runs?${list}`)).items
  await dashboard.system.post(`/runs/${run?.id}/cancel`, {})
  await others.until(({ event, data }) => event === 'run' && data.status === 'cancelled')
  others.close()
  open()
}

async function countRuns(query: string): Promise<number> {
  const { items } = await dashboard.system.get<{ items: unknown[] }>(`/runs?limit=200&${query}`)
  return items.length
}

describe('the list of runs', () => {
  it('out of sight opens no stream instead of one that broke, until it is looked at again', async () => {
    const page = await dashboard.open('/runs')
    await page.addInitScript(() => {
      const made: EventSource[] = []
      Object.assign(window, { made })
      window.EventSource = class extends EventSource {
        constructor(url: string | URL) {
          super(url)
          made.push(this)
        }
      }
    })
    await page.reload()
    await rows(page).first().waitFor()
    const made = () => page.evaluate(() => (window as unknown as { made: EventSource[] }).made.length)
    await expectSoon(made).toBe(1)
    await page.clock.install()
    await setHidden(page, true)
    await page.evaluate(() => (window as unknown as { made: EventSource[] }).made[0]?.dispatchEvent(new Event('error')))
    await page.clock.fastForward(60_000)
    expect(await made()).toBe(1)
    await setHidden(page, false)
    await expectSoon(made).toBe(2)
  })

  it('has its filters in the URL, where they survive a reload', async () => {
    const page = await dashboard.open('/runs')
    await rows(page).first().waitFor()
    await page.getByRole('button', { name: 'Failed' }).click()
    await page.getByRole('textbox', { name: 'Search runs' }).fill('import')
    await expectSoon(() => new URL(page.url()).search).toBe('?status=failed&search=import')
    await page.reload()
    await expectSoon(() => rows(page).count()).toBe(2)
    expect(await page.getByRole('button', { name: 'Failed' }).getAttribute('aria-pressed')).toBe('true')
    expect(await page.getByRole('textbox', { name: 'Search runs' }).inputValue()).toBe('import')
    await page.getByRole('link', { name: 'import', exact: true }).first().waitFor()
    await page.getByRole('button', { name: 'Clear', exact: true }).click()
    await expectSoon(() => rows(page).count()).toBeGreaterThan(3)
    expect(new URL(page.url()).search).toBe('')
  })

  it('finds a run by its id as it is shown', async () => {
    await dashboard.system.post('/workflows', { name: 'alike', steps: [{ id: 'a' }] })
    const { items } = await dashboard.system.post<{ items: { id: string }[] }>('/workflows/alike/runs/batch', {
      runs: Array.from({ length: 5 }, () => ({})),
    })
    const page = await dashboard.open('/runs?workflow=alike')
    await expectSoon(() => rows(page).count()).toBe(5)
    const wanted = rows(page).filter({ has: page.locator(`a[href*="${items[2]?.id}"]`) })
    const shown = await wanted.locator('code.id').innerText()
    await page.getByRole('textbox', { name: 'Search runs' }).fill(shown)
    await expectSoon(() => rows(page).count()).toBe(1)
    expect(await wanted.count()).toBe(1)
  })

  it('takes times that are applied, and says when nothing matches', async () => {
    const page = await dashboard.open('/runs')
    await page.getByRole('button', { name: 'Created: Any time' }).click()
    await page.getByLabel('To', { exact: true }).fill('2020-01-01T00:00:00')
    expect(new URL(page.url()).search).toBe('')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByText('No run matches').waitFor()
    expect(new URL(page.url()).search).toBe('?before=2020-01-01T00%3A00%3A00.000Z')
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await rows(page).first().waitFor()
    await page.getByRole('button', { name: 'Created: Any time' }).click()
    await page.getByRole('button', { name: 'Last hour' }).click()
    await expectSoon(() => new URL(page.url()).search).toBe('?since=1h')
    await rows(page).first().waitFor()
  })

  it('keeps filters under a name, and the columns that were chosen', async () => {
    const page = await dashboard.open('/runs?status=waiting')
    await page.getByRole('button', { name: 'Views' }).click()
    await page.getByRole('textbox', { name: 'Name of the view' }).fill('Held up')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('button', { name: 'Columns and density' }).click()
    await page.getByRole('checkbox', { name: 'Tags' }).uncheck()
    await page.keyboard.press('Escape')
    await page.goto('/runs')
    await table(page).waitFor()
    expect(await page.getByRole('columnheader', { name: 'Tags' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Views' }).click()
    await page.getByRole('button', { name: 'Held up', exact: true }).click()
    await expectSoon(() => new URL(page.url()).search).toBe('?status=waiting')
  })

  it('shows new runs when asked to, and changes of those that it shows at once', async () => {
    const page = await dashboard.open('/runs?workflow=late')
    await page.getByText('No run matches').waitFor()
    await startWaiting('late', 1)
    // An empty list has nothing that could jump.
    await expectSoon(() => rows(page).count()).toBe(1)
    await rows(page).getByText('Waiting').waitFor()
    await dashboard.system.post('/workflows/late/runs', {})
    await page.getByRole('button', { name: '1 new' }).waitFor()
    expect(await rows(page).count()).toBe(1)
    await page.getByRole('button', { name: '1 new' }).click()
    await expectSoon(() => rows(page).count()).toBe(2)
    const [first] = (await dashboard.system.get<{ items: { id: string }[] }>('/runs?workflow=late')).items
    await dashboard.system.post(`/runs/${first?.id}/cancel`, {})
    await rows(page).first().getByText('Cancelled').waitFor()
  })

  it('keeps what became of a run while the list was under way', async () => {
    const page = await dashboard.open('/runs?workflow=slow-line')
    await page.getByText('No run matches').waitFor()
    const told = await toldStatuses(page)
    // The list is read when the first run comes, and arrives as it was then.
    const lists = await holdAnswers(page, /\/api\/v1\/runs\?/)
    const isRead = () => (lists.bodies as { items: { status: string }[] }[]).some(({ items }) => items.length > 0)
    await startWaiting('slow-line', 1)
    await expectSoon(isRead).toBe(true)
    const [run] = (await dashboard.system.get<{ items: { id: string }[] }>('/runs?workflow=slow-line')).items
    await dashboard.system.post(`/runs/${run?.id}/cancel`, {})
    await expectSoon(() => told.evaluate((statuses) => statuses.at(-1))).toBe('cancelled')
    lists.goOn()
    await rows(page).getByText('Cancelled').waitFor()
  })

  it('keeps what became of a run while the next page was under way', async () => {
    await startWaiting('two-pages', 105)
    const { items } = await dashboard.system.get<{ items: { id: string }[] }>('/runs?workflow=two-pages&limit=100')
    const last = items.at(-1)?.id
    const page = await dashboard.open('/runs?workflow=two-pages')
    await rows(page).first().waitFor()
    const next = await holdAnswers(page, /\/api\/v1\/runs\?.*cursor=/)
    await page.getByRole('region', { name: 'Runs', exact: true }).evaluate((element) => element.scrollTo(0, 1e6))
    await expectSoon(() => next.bodies.length).toBe(1)
    await dashboard.system.post(`/runs/${last}/cancel`, {})
    const cancelled = rows(page)
      .filter({ has: page.locator(`a[href*="${last}"]`) })
      .getByText('Cancelled')
    await cancelled.waitFor()
    next.goOn()
    await expectSoon(() => table(page).getAttribute('aria-rowcount')).toBe('106')
    expect(await cancelled.count()).toBe(1)
  })

  it('hears what became of a run before a tab that was out of sight was told of changes again', async () => {
    await startWaiting('unseen', 1)
    const page = await dashboard.open('/runs?workflow=unseen')
    await rows(page).getByText('Waiting').waitFor()
    await cancelUnheard(page, 'workflow=unseen')
    await expectSoon(() => rows(page).getByText('Cancelled').count()).toBe(1)
  })

  it('hears that also of a run that is far from the newest', async () => {
    await startWaiting('far', 102)
    const { next_cursor: cursor } = await dashboard.system.get<{ next_cursor: string }>('/runs?workflow=far&limit=101')
    const { items } = await dashboard.system.get<{ items: { id: string }[] }>(
      `/runs?workflow=far&limit=101&cursor=${cursor}`,
    )
    await dashboard.system.post(`/runs/${items[0]?.id}/pause`, {})
    const page = await dashboard.open('/runs?workflow=far&status=paused')
    await rows(page).getByText('Paused').waitFor()
    await cancelUnheard(page, 'workflow=far&status=paused')
    await expectSoon(() => rows(page).getByText('Cancelled').count()).toBe(1)
  })

  it('each press of j goes on, however fast they come', async () => {
    await dashboard.system.post('/workflows', {
      name: 'walked',
      steps: [{ id: 'a', type: 'wait_event', config: { event: 'never' } }],
    })
    await dashboard.system.post('/workflows/walked/runs/batch', { runs: Array.from({ length: 8 }, () => ({})) })
    const page = await dashboard.open('/runs?workflow=walked')
    await expectSoon(() => rows(page).count()).toBe(8)
    // All before the next frame, as on a machine that is too busy to draw.
    await page.evaluate(() => {
      for (let press = 0; press < 3; press += 1)
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true, cancelable: true }))
    })
    await expectSoon(() => rows(page).nth(2).getByRole('link').first().evaluate(isFocused)).toBe(true)
  })

  it('is walked with j and k, x selects, Space looks into a run, Enter opens it, and / searches', async () => {
    const page = await dashboard.open('/runs')
    await rows(page).nth(2).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await expectSoon(() => rows(page).nth(1).getByRole('link').first().evaluate(isFocused)).toBe(true)
    await page.keyboard.press('x')
    await page.getByText('1 selected').waitFor()
    await page.keyboard.press('Space')
    const preview = page.getByRole('complementary', { name: 'Preview of the run' })
    await preview.getByRole('list', { name: 'Steps' }).waitFor()
    const shown = () => preview.getByRole('link', { name: 'Open' }).getAttribute('href')
    const second = await shown()
    await page.keyboard.press('k')
    await expectSoon(shown).not.toBe(second)
    await page.keyboard.press('Escape')
    await preview.waitFor({ state: 'hidden' })
    await expectSoon(() => rows(page).first().getByRole('link').first().evaluate(isFocused)).toBe(true)
    await page.keyboard.press('/')
    expect(await page.getByRole('textbox', { name: 'Search runs' }).evaluate(isFocused)).toBe(true)
    await page.keyboard.type('jx')
    expect(await page.getByRole('textbox', { name: 'Search runs' }).inputValue()).toBe('jx')
    await page.goto('/runs')
    await rows(page).first().waitFor()
    await page.keyboard.press('j')
    await expectSoon(() => rows(page).first().getByRole('link').first().evaluate(isFocused)).toBe(true)
    await page.keyboard.press('Enter')
    await expectSoon(() => new URL(page.url()).pathname).toMatch(/^\/runs\/[0-9a-f-]{36}$/)
  })
})

const isFocused = (element: Element) => element === document.activeElement

describe('many runs at once', () => {
  it('those selected are cancelled, after a question that tells how many', async () => {
    await startWaiting('few', 3)
    const page = await dashboard.open('/runs?workflow=few')
    await expectSoon(() => rows(page).count()).toBe(3)
    await rows(page).first().getByRole('checkbox').check()
    await rows(page).nth(1).getByRole('checkbox').check()
    await page.getByRole('button', { name: 'Cancel 2' }).click()
    const question = page.getByRole('dialog', { name: 'Cancel 2 runs?' })
    await question.getByRole('button', { name: 'Do nothing' }).click()
    await question.waitFor({ state: 'hidden' })
    expect(await countRuns('workflow=few&status=cancelled')).toBe(0)
    await page.getByRole('button', { name: 'Cancel 2' }).click()
    await expectAccessible(page)
    await question.getByRole('button', { name: 'Cancel 2 runs' }).click()
    await expectSoon(() => rows(page).getByText('Cancelled').count()).toBe(2)
    expect(await countRuns('workflow=few&status=waiting')).toBe(1)
    // What has ended can be retried only, and two can be compared.
    await rows(page).first().getByRole('checkbox').check()
    await page.getByRole('button', { name: 'Retry 1' }).waitFor()
    expect(await page.getByRole('button', { name: 'Cancel 0' }).isDisabled()).toBe(true)
    await rows(page).nth(1).getByRole('checkbox').check()
    await page.getByRole('button', { name: 'Rerun 2' }).click()
    await page.getByRole('button', { name: 'Rerun 2 runs' }).click()
    await expectSoon(() => countRuns('workflow=few')).toBe(5)
    await rows(page).nth(1).getByRole('checkbox').check()
    await rows(page).nth(2).getByRole('checkbox').check()
    await page.getByRole('link', { name: 'Compare' }).click()
    await expectSoon(() => new URL(page.url()).pathname).toBe('/runs/compare')
    await page.getByRole('heading', { level: 1 }).waitFor()
  })

  it('of more than a hundred the number is typed; those that are not loaded are meant, too', async () => {
    await startWaiting('many', 105)
    const page = await dashboard.open('/runs?workflow=many')
    await page.getByRole('checkbox', { name: 'Select all that are loaded' }).check()
    await page.getByRole('button', { name: 'Select all that the filters find' }).click()
    await page.getByRole('button', { name: 'Cancel…' }).click()
    const question = page.getByRole('dialog', { name: 'Cancel 105 runs?' })
    const confirm = question.getByRole('button', { name: 'Cancel 105 runs' })
    await question.getByRole('textbox').fill('10')
    expect(await confirm.isDisabled()).toBe(true)
    await question.getByRole('textbox').fill('105')
    await confirm.click()
    await expectSoon(() => countRuns('workflow=many&status=cancelled')).toBe(105)
    await rows(page).first().getByText('Cancelled').waitFor()
    await page.getByText('Cancelled 105 runs').waitFor()
  })

  it('a list of many draws a part of it', async () => {
    const page = await dashboard.open('/runs?workflow=many')
    await rows(page).first().waitFor()
    expect(await rows(page).count()).toBeLessThan(60)
    await page.getByRole('region', { name: 'Runs', exact: true }).evaluate((element) => element.scrollTo(0, 1e6))
    await expectSoon(() => table(page).getAttribute('aria-rowcount')).toBe('106')
  })
})
