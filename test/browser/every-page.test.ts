import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { expectAccessible, useDashboard } from './support/dashboard.ts'
import { PAGES } from './support/pages.ts'
import { fill, type World } from './support/world.ts'

/** The narrowest that pages are made for. */
const PHONE = { width: 360, height: 740 }

const dashboard = useDashboard()
let world: World
beforeAll(async () => {
  world = await fill(dashboard.system)
})

it.each(PAGES)(
  'the page $name has a heading and a title, fits on a phone, and axe finds nothing',
  async ({ path, shows, faults = [] }) => {
    const page = await dashboard.open(path(world), { faults })
    await page.getByText(shows).first().waitFor()
    expect(await page.locator('h1').count()).toBe(1)
    expect(await page.title()).toMatch(/ · Sluice$/)
    await expectAccessible(page)
    await page.setViewportSize(PHONE)
    await page.getByText(shows).first().waitFor()
    expect(await overflow(page)).toBe(0)
  },
)

it('what has a long name stays within its page', async () => {
  const name = `of-${'x'.repeat(97)}`
  await dashboard.system.post('/workflows', { name, steps: [{ id: 'a' }] })
  await dashboard.system.post('/schedules', { workflow: name, cron: '@daily' })
  const { id } = await dashboard.system.post<{ id: string }>('/orders', { amount: '5.00', reference: 'R'.repeat(200) })
  for (const path of [`/orders/${id}`, '/orders', '/schedules', '/workflows']) {
    const page = await dashboard.open(path, { width: 1024 })
    await page
      .getByText(/x{97}|R{200}/)
      .first()
      .waitFor()
    for (const width of [1024, 390]) {
      await page.setViewportSize({ width, height: 800 })
      expect(await overflow(page), `${path} at ${width}`).toBe(0)
    }
  }
})

/** By how many pixels the page is wider than the window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}
