import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { useDashboard } from './support/dashboard.ts'

const dashboard = useDashboard()

/** A condition with two branches that meet again. */
const BRANCHES: DefinitionInput = {
  name: 'two-ways',
  steps: [
    { id: 'begin', config: { duration_seconds: 0 } },
    {
      id: 'check',
      type: 'condition',
      depends_on: ['begin'],
      config: { expression: 'input.goes_left ? "left" : "right"' },
    },
    { id: 'left', depends_on: [{ step: 'check', branch: 'left' }], config: { duration_seconds: 0 } },
    { id: 'right', depends_on: [{ step: 'check', branch: 'right' }], config: { duration_seconds: 0 } },
    { id: 'end', depends_on: ['left', 'right'], join: 'any', config: { duration_seconds: 0 } },
  ],
}

/** A step that is tried twice, and one that waits until the test says so. */
const RETRIES: DefinitionInput = {
  name: 'tried-again',
  steps: [
    {
      id: 'flaky',
      config: { duration_seconds: 0, fail_probability: 1, max_retries: 1 },
      retry: { delay_seconds: 0.2 },
      on_error: 'continue',
    },
    { id: 'paid', type: 'wait_event', config: { event: 'paid' } },
    { id: 'ship', depends_on: ['paid'], config: { duration_seconds: 0 } },
  ],
}

/** Enough for a map of it. */
const CHAIN: DefinitionInput = {
  name: 'chain-of-twelve',
  steps: Array.from({ length: 12 }, (_, index) => ({
    id: `c${index}`,
    depends_on: index === 0 ? [] : [`c${index - 1}`],
  })),
}

const STEPS = 2_000
/** Twenty chains side by side, each of a hundred short steps. */
const LARGE: DefinitionInput = {
  name: 'two-thousand-steps',
  steps: Array.from({ length: STEPS }, (_, index) => ({
    id: `s${index}`,
    config: { duration_seconds: 0 },
    depends_on: index < 20 ? [] : [`s${index - 20}`],
  })),
}

const graph = (page: Page) => page.getByRole('application', { name: /^Graph of the/ })
const stepBox = (page: Page, label: string | RegExp) => graph(page).getByRole('button', { name: label })

let branches: string
let retries: string
beforeAll(async () => {
  await dashboard.system.post('/workflows', CHAIN)
  ;[branches, retries] = await Promise.all([
    dashboard.system.start(BRANCHES, { input: { goes_left: true } }),
    dashboard.system.start(RETRIES),
  ])
  await dashboard.system.ended(branches)
})

describe('the graph of a run', () => {
  it('shows each step with its status, marks what was not taken, and can be saved as a picture', async () => {
    const page = await dashboard.open(`/runs/${branches}?view=graph`)
    await stepBox(page, /^left: Completed/).waitFor()
    await stepBox(page, /^right: Skipped/).waitFor()
    const edges = page.locator('.graph-canvas .flow-edge')
    const states = await edges.evaluateAll((all) => all.map((edge) => edge.getAttribute('data-state') ?? ''))
    // begin>check, check>left and left>end; not check>right and right>end.
    expect(states.filter((state) => state === 'taken')).toHaveLength(3)
    expect(states.filter((state) => state === 'skipped')).toHaveLength(2)
    // The critical path goes along what was taken.
    expect(await page.locator('.graph-canvas .flow-edge[data-critical="true"]').count()).toBe(3)
    for (const kind of ['SVG', 'PNG']) {
      await page.getByRole('button', { name: 'Download the graph' }).click()
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('menuitem', { name: `As ${kind}` }).click(),
      ])
      expect(download.suggestedFilename()).toBe(`graph-of-the-run.${kind.toLowerCase()}`)
    }
  })

  it('is walked through with arrow keys; Enter selects, and the URL says what', async () => {
    const page = await dashboard.open(`/runs/${branches}?view=graph`)
    await stepBox(page, /^begin/).waitFor()
    await graph(page).focus()
    for (const key of ['ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key)
    await page.waitForURL(/step=check/)
    await page.reload()
    await stepBox(page, /^check/)
      .and(page.locator('[aria-pressed="true"]'))
      .waitFor()
    await page.getByRole('radiogroup', { name: 'Steps of the graph' }).getByText('Critical path').click()
    await page.waitForURL(/graph=critical/)
    await stepBox(page, /^right/).waitFor({ state: 'detached' })
    expect(await graph(page).getByRole('button').count()).toBe(4)
  })

  it('changes while one looks at it', async () => {
    const page = await dashboard.open(`/runs/${retries}?view=graph`)
    await stepBox(page, /^flaky: Failed, try 2\/2/).waitFor()
    await stepBox(page, /^ship: Pending/).waitFor()
    await dashboard.system.post(`/runs/${retries}/events`, { name: 'paid' })
    await stepBox(page, /^paid: Completed/).waitFor()
    await stepBox(page, /^ship: Completed/).waitFor()
    expect(await page.locator('.graph-canvas .flow-edge').getAttribute('data-state')).toBe('taken')
  })
})

describe('the graph of a workflow', () => {
  it('shows the steps of its definition, and what the definition says of one', async () => {
    const page = await dashboard.open('/workflows/two-ways?tab=graph')
    await stepBox(page, /^check, condition/).click()
    await page.getByRole('heading', { name: 'Step check' }).waitFor()
    expect(new URL(page.url()).searchParams.get('step')).toBe('check')
  })

  it('is laid out by a worker, once; can be moved, zoomed, and seen whole', async () => {
    const page = await dashboard.open('/workflows/chain-of-twelve?tab=graph')
    await stepBox(page, /^c0/).waitFor()
    expect(page.workers()).toHaveLength(1)
    await page.reload()
    await stepBox(page, /^c0/).waitFor()
    expect(page.workers()).toHaveLength(0)

    const place = () => page.locator('.react-flow__viewport').evaluate((element) => element.style.transform)
    const begin = await place()
    await page.getByRole('button', { name: 'Show the whole graph' }).click()
    await expect.poll(place).not.toBe(begin)
    const whole = await place()
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await expect.poll(place).not.toBe(whole)
    const zoomed = await place()
    await page.getByRole('img', { name: 'The whole graph' }).click({ position: { x: 20, y: 20 } })
    const box = await graph(page).boundingBox()
    await page.mouse.move((box?.x ?? 0) + 40, (box?.y ?? 0) + 40)
    await page.mouse.down()
    await page.mouse.move((box?.x ?? 0) + 160, (box?.y ?? 0) + 90, { steps: 4 })
    await page.mouse.up()
    await expect.poll(place).not.toBe(zoomed)
    await page.getByRole('button', { name: 'Fill the window' }).click()
    expect((await graph(page).boundingBox())?.width).toBeGreaterThan(1270)
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Fill the window' }).waitFor()
  })

  it('of which the worker cannot be had says so, and is drawn once it can be', async () => {
    const page = await dashboard.open('/workflows', { faults: [/ERR_|worker/i] })
    await page.getByRole('link', { name: 'chain-of-twelve' }).first().waitFor()
    await page.route(/layout\.worker/, (route) => route.abort('connectionrefused'))
    await page.goto('/workflows/chain-of-twelve?tab=graph')
    const told = page.getByRole('alert').filter({ hasText: 'lays out graphs did not arrive' })
    await told.waitFor()
    await page.unrouteAll()
    await told.getByRole('button', { name: 'Try again' }).click()
    await stepBox(page, /^c0/).waitFor()
    expect(await told.count()).toBe(0)
  })
})

describe('the timeline of a run', () => {
  it('has a line for each step, with its attempts and the wait between them', async () => {
    const page = await dashboard.open(`/runs/${retries}?view=timeline`)
    const line = page.getByRole('row', { name: /flaky/ })
    await line.getByRole('gridcell', { name: /attempt 1 failed.*until retried.*attempt 2 failed/ }).waitFor()
    const waited = page.getByRole('row', { name: /paid/ }).getByRole('gridcell')
    expect(await waited.getAttribute('aria-label')).toMatch(/waiting/)

    await page.getByText('Failed 1').click()
    await page.waitForURL(/rows=failed/)
    await page.getByRole('row', { name: /ship/ }).waitFor({ state: 'detached' })
    const end = page.getByRole('slider', { name: 'End of what is shown' })
    expect(await end.getAttribute('aria-valuenow')).toBe('100')
    await page.getByRole('group', { name: 'Zoom' }).getByRole('button', { name: 'Zoom in' }).click()
    expect(await end.getAttribute('aria-valuenow')).toBe('75')
    await line.focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/step=flaky/)
    await page.getByRole('button', { name: 'Show the whole run' }).click()
    expect(await end.getAttribute('aria-valuenow')).toBe('100')
    await line.locator('[data-attempt="2"]').click()
    await page.waitForURL(/attempt=2/)
    await page
      .getByRole('table', { name: 'Attempts' })
      .locator('[data-selected="true"]')
      .getByText('2')
      .first()
      .waitFor()
  })
})

describe(`a run of ${STEPS} steps`, () => {
  it('is drawn by level with a list beside it, and can be used while it goes on; so can its timeline', async () => {
    const id = await dashboard.system.start(LARGE)
    const page = await dashboard.open(`/runs/${id}?view=graph`)
    await stepBox(page, /^Levels 1 to 3, 60 steps/).waitFor()
    expect(await graph(page).getByRole('button').count()).toBeLessThan(50)
    const settled = async () =>
      (await dashboard.system.get<{ progress: { completed: number } }>(`/runs/${id}`)).progress.completed
    const costs = await watchCosts(page)
    const before = await settled()

    // Someone works with it meanwhile.
    await stepBox(page, /^Levels 4 to 6/).click()
    const list = page.getByRole('region', { name: /^Steps of Levels 4 to 6/ })
    await list.getByRole('button', { name: /^s60:/ }).click()
    await page.waitForURL(/step=s60/)
    expect(await list.getByRole('listitem').count()).toBeLessThan(60)
    await page.getByRole('button', { name: 'Show the steps on the path of s60' }).click()
    await stepBox(page, /^s60:/).waitFor()
    // One chain of the twenty, step by step.
    expect(await graph(page).getByRole('button').count()).toBe(STEPS / 20)
    await page.getByRole('radiogroup', { name: 'Steps of the graph' }).getByText('All').click()
    await stepBox(page, /^Levels 1 to 3/).waitFor()

    await dashboard.system.ended(id)
    await stepBox(page, /^Levels 1 to 3, 60 steps, 60 completed/).waitFor()
    await stepBox(page, /^Levels 100, 20 steps, 20 completed|^Level 100, 20 steps, 20 completed/).waitFor()
    await costs.tell((await settled()) - before)

    await page.getByRole('tab', { name: 'Timeline' }).click()
    const grid = page.getByRole('treegrid', { name: 'Steps over time' })
    await grid.getByRole('row').first().waitFor()
    expect(await grid.getAttribute('aria-rowcount')).toBe(String(STEPS))
    expect(await grid.getByRole('row').count()).toBeLessThan(60)
    await grid.getByRole('row').first().focus()
    await page.keyboard.press('End')
    await page.getByRole('row', { name: `s${STEPS - 1}` }).waitFor()
  }, 120_000)
})

/** Measures what the page spends, from now on; `tell` prints it. Machines differ too much to expect any of it. */
async function watchCosts(page: Page): Promise<{ tell: (updates: number) => Promise<void> }> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  const scriptSeconds = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? 0
  }
  await page.evaluate(() => {
    const gaps: number[] = []
    Object.assign(window, { frameGaps: gaps })
    let last = performance.now()
    const next = (now: number) => {
      gaps.push(now - last)
      last = now
      requestAnimationFrame(next)
    }
    requestAnimationFrame(next)
  })
  const before = await scriptSeconds()
  return {
    async tell(updates) {
      const spent = (1000 * ((await scriptSeconds()) - before)) / Math.max(updates, 1)
      const gaps = await page.evaluate(() => (window as unknown as { frameGaps: number[] }).frameGaps)
      const sorted = gaps.toSorted((a, b) => a - b)
      const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0)
      console.log(
        `${updates} steps settled in view: ${spent.toFixed(2)} ms of script each; ` +
          `${sorted.length} frames, p50 ${at(0.5)} ms apart, p95 ${at(0.95)} ms, longest ${at(0.9999)} ms`,
      )
    },
  }
}
