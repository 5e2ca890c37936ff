import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../src/dev/free-port.ts'
import { PACKAGE_ROOT } from '../src/package-root.ts'
import { launchBrowser, newContext } from '../test/browser/support/browser.ts'
import { PAGES } from '../test/browser/support/pages.ts'
import { type Api, fill } from '../test/browser/support/world.ts'

/**
 * npm run screenshots: every page, light and dark, wide and as on a phone, into screenshots/ (which git ignores). Names
 * behind the command choose pages: npm run screenshots -- overview. SLUICE_URL: of a service that runs already; else one
 * is started, with data to show, and stopped again.
 */

const FOLDER = join(PACKAGE_ROOT, 'screenshots')
const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } }
const START_MS = 600_000
const EVERY_MS = 250
/** Charts and editors draw a moment after their data have come. */
const DRAWN_MS = 600

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function call<Body>(url: string, init: RequestInit = {}): Promise<Body> {
  const response = await fetch(url, init)
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Body
}

function apiOf(origin: string): Api {
  return {
    get: (path) => call(`${origin}/api/v1${path}`),
    post: (path, body) =>
      call(`${origin}/api/v1${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
  }
}

/** A service of our own, empty; resolves when it answers. */
async function startService(): Promise<{ origin: string; stop: () => Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), 'sluice-screenshots-'))
  const port = await freePort()
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, PORT: String(port), SLUICE_HOME: home },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    await rm(home, { recursive: true, force: true })
  }
  const origin = `http://127.0.0.1:${port}`
  const until = Date.now() + START_MS
  while (
    !(await fetch(`${origin}/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (Date.now() > until || child.exitCode !== null) {
      await stop()
      throw new Error('the service did not start')
    }
    await pause(EVERY_MS)
  }
  return { origin, stop }
}

const asked = process.argv.slice(2)
const running = process.env['SLUICE_URL']
const service = running === undefined ? await startService() : { origin: running, stop: () => Promise.resolve() }
try {
  const world = await fill(apiOf(service.origin))
  const browser = await launchBrowser()
  await mkdir(FOLDER, { recursive: true })
  for (const { name, path, shows } of PAGES.filter((entry) => asked.length === 0 || asked.includes(entry.name))) {
    for (const theme of ['light', 'dark'] as const) {
      for (const [size, view] of Object.entries(SIZES)) {
        const context = await newContext(browser, service.origin, { ...view, theme })
        const page = await context.newPage()
        await page.goto(path(world))
        await page.getByText(shows).first().waitFor()
        await pause(DRAWN_MS)
        await page.screenshot({ path: join(FOLDER, `${name}-${theme}-${size}.png`) })
        await context.close()
      }
    }
    console.log(`screenshots/${name}-{light,dark}-{wide,phone}.png`)
  }
  await browser.close()
} finally {
  await service.stop()
}
