import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { startSystem, type System, type SystemOptions } from '../../support/system.ts'
import { launchBrowser, newContext, type View, watchFaults } from './browser.ts'

/** The dashboard as people see it: a browser, against an API process and worker processes of the file's own. */
export interface Dashboard {
  /** Usable within tests and hooks that come after {@link useDashboard}. */
  readonly system: System
  /** The address of the service, without a slash at the end. */
  readonly origin: string
  /**
   * A page in a window of its own, gone to `path`; closed after the test, which fails on errors of the console, on
   * violations of the Content-Security-Policy and on requests to other servers. `faults`: those that the test itself causes.
   */
  open(path: string, view?: View & { faults?: readonly RegExp[] }): Promise<Page>
}

/** Starts the stack before the tests of a file, and stops it behind them. */
export function useDashboard(options: SystemOptions = {}): Dashboard {
  let system: System | undefined
  let browser: Browser | undefined
  let opened: { page: Page; seen: string[]; expected: readonly RegExp[] }[] = []
  beforeAll(async () => {
    ;[system, browser] = await Promise.all([startSystem(options), launchBrowser()])
  })
  afterEach(async () => {
    const pages = opened
    opened = []
    await Promise.all(pages.map(({ page }) => page.context().close()))
    for (const { seen, expected } of pages) {
      expect(seen.filter((fault) => !expected.some((pattern) => pattern.test(fault)))).toEqual([])
    }
  })
  afterAll(async () => {
    await browser?.close()
    await system?.stop()
  })
  const running = () => {
    if (system === undefined || browser === undefined) throw new Error('the system starts before the first test')
    return { system, browser, origin: system.origin }
  }
  return {
    get system() {
      return running().system
    },
    get origin() {
      return running().origin
    },
    async open(path, { faults = [], ...view } = {}) {
      const context = await newContext(running().browser, running().origin, view)
      const page = await context.newPage()
      opened.push({ page, seen: watchFaults(page, running().origin), expected: faults })
      await page.goto(path)
      return page
    },
  }
}

/** Lets axe look at the page as it is, in light, and at its contrasts in dark; fails with what it objects to. */
export async function expectAccessible(page: Page): Promise<void> {
  await inspect(page, 'light')
  await inspect(page, 'dark', ['color-contrast'])
}

async function inspect(page: Page, colorScheme: 'light' | 'dark', rules?: string[]): Promise<void> {
  await page.emulateMedia({ colorScheme })
  await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor()
  const axe = new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] })
  const { violations } = await (rules === undefined ? axe : axe.withRules(rules)).analyze()
  const told = violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${colorScheme}: ${id}: ${node.html} ${node.failureSummary ?? ''}`),
  )
  expect(told).toEqual([])
}
