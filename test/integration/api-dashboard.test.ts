import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDashboard } from '../../src/api/dashboard.ts'

const SCRIPT = 'export const a = 1'
const BROWSER = { accept: 'text/html,application/xhtml+xml', 'sec-fetch-mode': 'navigate' }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-dashboard-'))
  await mkdir(join(folder, 'assets'))
  await writeFile(join(folder, 'index.html'), '<head><base href="/" /></head>')
  await writeFile(join(folder, 'assets/index-1a2b.js'), SCRIPT)
  await writeFile(join(folder, 'assets/index-1a2b.js.gz'), gzipSync(SCRIPT))
})
afterAll(() => rm(folder, { recursive: true }))

function get(path: string, headers: Record<string, string> = BROWSER, built = folder) {
  const dashboard = createDashboard(built)
  const app = new Hono()
  app.notFound(dashboard.orElse((c) => c.text('nothing here', 404)))
  app.route('/', dashboard.routes)
  return app.request(path, { headers })
}

describe('the dashboard', () => {
  it.each([
    ['/', './'],
    ['/runs', './'],
    ['/runs/019a', '../'],
    ['/workflows/a.b/edit?version=2', '../../'],
  ])('a browser that goes to %s gets the page, with the way back to the root', async (path, base) => {
    const response = await get(path)
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-cache')
    expect(await response.text()).toContain(`<base href="${base}" />`)
  })

  it.each([
    ['a program', '/runs', { accept: '*/*' }],
    ['a script of a page', '/runs', { ...BROWSER, 'sec-fetch-mode': 'cors' }],
    ['a browser at the API', '/api/v1/nothing', BROWSER],
    ['a browser at a file that is gone', '/assets/index-9z.js', BROWSER],
    ['a browser with a slash at the end, which is redirected', '/runs/', BROWSER],
  ])('%s gets no page for a path that there is not', async (_who, path, headers) => {
    expect((await get(path, headers)).status).toBe(404)
  })

  it('files are kept for good, and come compressed where that is understood', async () => {
    const plain = await get('/assets/index-1a2b.js', { accept: '*/*' })
    expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(plain.headers.get('content-type')).toContain('text/javascript')
    expect(await plain.text()).toBe(SCRIPT)
    const small = await get('/assets/index-1a2b.js', { 'accept-encoding': 'gzip, br' })
    expect(small.headers.get('content-encoding')).toBe('gzip')
  })

  it('says how to build it, where it was not', async () => {
    const missing = join(folder, 'missing')
    expect(await (await get('/', BROWSER, missing)).text()).toContain('npm run build')
    expect((await get('/runs', BROWSER, missing)).status).toBe(404)
  })
})
