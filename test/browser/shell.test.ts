import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { useDashboard } from './support/dashboard.ts'
import { expectSoon } from './support/expect-soon.ts'

const dashboard = useDashboard({ workers: 0 })

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor()

describe('around every page', () => {
  it('Ctrl-K finds pages by name', async () => {
    const page = await dashboard.open('/no-such-page')
    await page.getByText('There is no page').waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('textbox', { name: 'Go to' }).fill('overv')
    await page.keyboard.press('Enter')
    await heading(page, 'Overview')
    expect(new URL(page.url()).pathname).toBe('/')
  })

  it('g and a letter goes to a page, but not while someone types', async () => {
    const page = await dashboard.open('/no-such-page')
    await page.getByText('There is no page').waitFor()
    await page.keyboard.press('/')
    await page.getByRole('textbox', { name: 'Go to' }).pressSequentially('go')
    expect(new URL(page.url()).pathname).toBe('/no-such-page')
    await page.keyboard.press('Escape')
    await page.getByRole('textbox', { name: 'Go to' }).waitFor({ state: 'hidden' })
    await page.keyboard.press('g')
    await page.keyboard.press('o')
    await heading(page, 'Overview')
  })

  it('? shows the shortcuts', async () => {
    const page = await dashboard.open('/')
    await heading(page, 'Overview')
    await page.keyboard.press('?')
    const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
    await sheet.getByText('Go to Overview').waitFor()
    await page.keyboard.press('Escape')
    await sheet.waitFor({ state: 'hidden' })
    expect(await page.locator('h1').textContent()).toBe('Overview')
  })

  it('the colours that were chosen are there again after a reload, before anything is drawn', async () => {
    const page = await dashboard.open('/')
    await page.getByRole('button', { name: 'Colours' }).click()
    await page.getByRole('menuitem', { name: 'Dark' }).click()
    await page.locator('html[data-mantine-color-scheme="dark"]').waitFor()
    await page.addInitScript(() => {
      addEventListener('DOMContentLoaded', () => {
        document.documentElement.dataset['first'] = document.documentElement.dataset['mantineColorScheme'] ?? ''
      })
    })
    await page.reload()
    await heading(page, 'Overview')
    expect(await page.locator('html').getAttribute('data-first')).toBe('dark')
  })

  it('the first stop of the tab key leads past the rail', async () => {
    const page = await dashboard.open('/')
    await heading(page, 'Overview')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(await page.locator(':focus').getAttribute('id')).toBe('content')
    expect(new URL(page.url()).hash).toBe('')
  })

  it('on a phone the rail is a menu, which closes behind a choice', async () => {
    const page = await dashboard.open('/no-such-page', { width: 360, height: 740 })
    const link = page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Overview' })
    await page.getByRole('button', { name: 'Menu' }).click()
    await link.click()
    await heading(page, 'Overview')
    await expect.poll(() => link.evaluate((element) => element.getBoundingClientRect().right)).toBeLessThanOrEqual(0)
  })

  it('a server that hangs is told, and so is that it goes on', async () => {
    const page = await dashboard.open('/')
    const dot = page.locator('.live-dot')
    await expectSoon(() => dot.textContent()).toBe('Live')
    dashboard.system.api.signal('SIGSTOP')
    try {
      await expectSoon(() => dot.textContent()).toBe('Stale')
    } finally {
      dashboard.system.api.signal('SIGCONT')
    }
    await expectSoon(() => dot.textContent()).toBe('Live')
  })

  it('a page that cannot be had from a server that is away is shown once it is back', async () => {
    const page = await dashboard.open('/', { faults: [/ERR_|did not arrive/] })
    await heading(page, 'Overview')
    await page.route(/assets|health|api/, (route) => route.abort('connectionrefused'))
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Orders' }).click()
    await page.getByText('The server cannot be reached').waitFor()
    await page.getByRole('button', { name: 'Try again' }).click()
    expect(await page.getByText('another version').count()).toBe(0)
    await page.unrouteAll()
    await page.getByRole('button', { name: 'Try again' }).click()
    await heading(page, 'Orders')
  })

  it('a page that the server has no more is told as a new version', async () => {
    const page = await dashboard.open('/', { faults: [/404|did not arrive/] })
    await heading(page, 'Overview')
    await page.route(/assets/, (route) => route.fulfill({ status: 404 }))
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Orders' }).click()
    await page.getByText('The server has another version of the dashboard now').waitFor()
    await page.unrouteAll()
    await page.getByRole('button', { name: 'Reload' }).click()
    await heading(page, 'Orders')
    expect(new URL(page.url()).pathname).toBe('/orders')
  })

  it('filters of an address are read as the API writes them, and with one that is not understood nothing is listed', async () => {
    await dashboard.system.start({ name: 'any', steps: [{ id: 'a' }] })
    const page = await dashboard.open('/runs?status=waiting,paused')
    await heading(page, 'Runs')
    expect(new URL(page.url()).searchParams.getAll('status')).toEqual(['waiting', 'paused'])
    await page.goto('/runs?status=nonsense')
    await heading(page, 'Runs')
    const told = page.getByRole('alert').getByText('status=nonsense')
    await told.waitFor({ timeout: 5000 })
    expect(await page.getByRole('region', { name: 'Runs', exact: true }).count()).toBe(0)
    await page.reload()
    await told.waitFor()
    await page.getByRole('button', { name: 'Leave it out' }).click()
    await page.getByRole('link', { name: 'any', exact: true }).first().waitFor()
    expect(new URL(page.url()).search).toBe('')
    await page.goto('/orders?status=nonsense,shipped')
    await told.waitFor()
    await page.getByRole('button', { name: 'Refunded' }).click()
    await told.waitFor({ state: 'detached' })
    expect(new URL(page.url()).searchParams.getAll('status')).toEqual(['shipped', 'refunded'])
  })

  it('errors are red, in light and dark', async () => {
    const page = await dashboard.open('/workflows', { faults: [/500/] })
    await heading(page, 'Workflows')
    await page.route(/\/api\/v1\/orders/, (route) => route.fulfill({ status: 500, json: { title: 'Broken' } }))
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Orders' }).click()
    const alert = page.getByRole('alert').filter({ hasText: 'Broken' })
    await alert.waitFor()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor()
      const [red = 0, green = 0, blue = 0] = await alert.evaluate((element) =>
        (getComputedStyle(element).borderTopColor.match(/\d+/g) ?? []).map(Number),
      )
      expect(red - Math.max(green, blue)).toBeGreaterThan(80)
    }
  })

  it('the first page takes at most 400 kB of JavaScript, gzipped', async () => {
    const page = await dashboard.open('/')
    await heading(page, 'Overview')
    await page.waitForLoadState('networkidle')
    const scripts = await page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .map(({ name }) => name)
        .filter((name) => name.endsWith('.js')),
    )
    const sizes = await Promise.all(scripts.map(gzippedBytes))
    console.info(`the first page: ${(sum(sizes) / 1000).toFixed(0)} kB of JavaScript in ${sizes.length} files`)
    expect(sizes.length).toBeGreaterThan(0)
    expect(sum(sizes)).toBeLessThanOrEqual(400_000)
  })
})

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)

async function gzippedBytes(url: string): Promise<number> {
  const text = await (await fetch(url)).arrayBuffer()
  return gzipSync(Buffer.from(text), { level: 9 }).length
}
