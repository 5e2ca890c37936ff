import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { requireChromium } from '../../../scripts/chromium.mjs'

/** Nothing that a browser does by itself, such as asking for updates. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** How a page is looked at; default: 1280 × 800, light. */
export interface View {
  width?: number
  height?: number
  theme?: 'light' | 'dark'
}

/** Starts the Chromium of this machine; throws with the remedy where there is none. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: requireChromium(), args: ARGUMENTS })
}

/** A window of its own: nothing that others stored is there. Times are of UTC, and nothing moves that need not. */
export function newContext(browser: Browser, origin: string, view: View = {}): Promise<BrowserContext> {
  const { width = 1280, height = 800, theme = 'light' } = view
  return browser.newContext({
    baseURL: origin,
    viewport: { width, height },
    colorScheme: theme,
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  })
}

/**
 * What a page does that none should: errors on the console, errors that nobody caught, violations of the
 * Content-Security-Policy, requests to other servers. The list grows as it happens.
 */
export function watchFaults(page: Page, origin: string): string[] {
  const faults: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', (error) => faults.push(`not caught: ${error.stack ?? error.message}`))
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol.startsWith('http') && url.origin !== origin) faults.push(`asked another server: ${url.href}`)
  })
  return faults
}
