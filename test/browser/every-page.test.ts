import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectAccessible, useDashboard } from './support/dashboard.ts'
import { PAGES } from './support/pages.ts'
import { fill, type World } from './support/world.ts'

const dashboard = useDashboard()
let world: World
beforeAll(async () => {
  world = await fill(dashboard.system)
})

describe.each(PAGES)('the page $name', ({ path, shows }) => {
  const open = async (width?: number) => {
    const page = await dashboard.open(path(world), width === undefined ? {} : { width, height: 740 })
    await page.getByText(shows).first().waitFor()
    return page
  }

  it('has a heading and a title, and axe finds nothing in light and dark', async () => {
    const page = await open()
    expect(await page.locator('h1').count()).toBe(1)
    expect(await page.title()).toMatch(/ · Sluice$/)
    await expectAccessible(page)
  })

  it('fits on a phone, where axe finds nothing either', async () => {
    const page = await open(360)
    expect(await overflow(page)).toBe(0)
    await expectAccessible(page)
  })
})

/** By how many pixels the page is wider than the window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}
