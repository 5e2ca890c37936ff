import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../src/dev/free-port.ts'
import { eventually } from '../support/eventually.ts'
import { isRunning, startProcess, type TestProcess } from '../support/processes.ts'
import { redisProgram } from '../support/servers.ts'

/** Each test has a folder of its own, and leaves no process that knows of it. */
const it = test.extend<{ folder: string }>({
  folder: async ({ task }, use) => {
    const folder = await mkdtemp(join(tmpdir(), `sluice-start-${task.id}-`))
    await use(folder)
    await eventually(() => !leftovers().includes(folder), { what: 'the end of all processes of the test' })
    await rm(folder, { recursive: true, force: true })
  },
})

/** Command lines and folders of all processes: what a start leaves behind would name the test's folder. */
function leftovers(): string {
  return execFileSync('sh', ['-c', 'ps -eo args; ls -l /proc/[0-9]*/cwd 2>/dev/null || true'], { encoding: 'utf8' })
}

/** What a user sees of a service that runs. */
interface Started {
  process: TestProcess
  api: string
  banner: string
  /** Of the API and the workers. */
  pids: number[]
}

/** What `npm start` runs once everything is installed and built, with data and port of the test's own. */
async function start(folder: string, environment: Record<string, string | undefined> = {}): Promise<Started> {
  const port = environment['PORT'] ?? String(await freePort())
  const process = launch(folder, { PORT: port, SLUICE_WORKERS: '1', ...environment })
  const ready = await process.line(/^ {2}Workflows /, 90_000)
  const banner = process.lines.slice(0, process.lines.indexOf(ready) + 1).join('\n')
  const pids = /Processes +API (\d+), worker (\d+)/.exec(banner)?.slice(1).map(Number) ?? []
  return { process, api: `http://127.0.0.1:${port}/api/v1`, banner, pids }
}

function launch(folder: string, environment: Record<string, string | undefined>): TestProcess {
  const unset = {
    DATABASE_URL: undefined,
    REDIS_URL: undefined,
    QUEUE_BACKEND: undefined,
    npm_lifecycle_event: undefined,
  }
  return startProcess(['--input-type=module', '-e', "import { serve } from './dist/src/dev/serve.js'; serve()"], {
    ...unset,
    SLUICE_HOME: join(folder, 'home'),
    SLUICE_REDIS_SERVER: redisProgram(),
    ...environment,
  })
}

async function request<T>(url: string, body?: unknown): Promise<T> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(url, body === undefined ? {} : init)
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

interface Order {
  id: string
  status: string
  history: { status: string }[]
}

async function shipAnOrder(api: string): Promise<string> {
  const order = await request<Order>(`${api}/orders`, { amount: '12.50' })
  await request(`${api}/workflows/order-processing/runs`, { order_id: order.id })
  return order.id
}

const shipped = (api: string, id: string) =>
  eventually(
    async () => {
      const order = await request<Order>(`${api}/orders/${id}`)
      expect(order.history.map(({ status }) => status)).toEqual(['pending', 'validated', 'charged', 'shipped'])
    },
    { timeoutMs: 120_000, what: 'the shipping of the order' },
  )

async function stop({ process, pids }: Started): Promise<void> {
  process.signal('SIGTERM')
  expect(await process.exited).toBe(0)
  for (const pid of pids) expect(isRunning(pid)).toBe(false)
}

/** A search path with what a start needs, and no Redis. */
async function pathWithoutRedis(folder: string): Promise<string> {
  const bin = join(folder, 'bin')
  await mkdir(bin)
  const folders = process.env['PATH']?.split(delimiter) ?? []
  for (const program of ['env', 'unshare', 'setpriv', 'true']) {
    const found = folders.map((one) => join(one, program)).find(existsSync)
    if (found !== undefined) await symlink(found, join(bin, program))
  }
  return bin
}

describe.concurrent('npm start', () => {
  it('serves with a private Redis, finds its data again, and leaves no process when it stops', async ({ folder }) => {
    const first = await start(folder)
    expect(first.banner).toContain('BullMQ on a private Redis')
    expect(first.banner).toContain('order-processing')
    expect(first.pids).toHaveLength(2)
    const order = await shipAnOrder(first.api)
    await shipped(first.api, order)
    await stop(first)

    const second = await start(folder)
    expect((await request<Order>(`${second.api}/orders/${order}`)).status).toBe('shipped')
    await stop(second)
  })

  it('serves without any Redis, on Postgres alone', async ({ folder }) => {
    const started = await start(folder, { SLUICE_REDIS_SERVER: undefined, PATH: await pathWithoutRedis(folder) })
    expect(started.banner).toContain('BullMQ on Postgres')
    await shipped(started.api, await shipAnOrder(started.api))
    await stop(started)
  })

  it('starts a killed worker and a killed API again', async ({ folder }) => {
    const started = await start(folder)
    const order = await shipAnOrder(started.api)
    for (const pid of started.pids) process.kill(pid, 'SIGKILL')
    await shipped(started.api, order)
    expect(started.process.lines.filter((line) => line.includes('starting it again'))).toHaveLength(2)
    await stop(started)
  })

  it('starts a killed Postgres and a killed Redis again, and the run goes on', async ({ folder }) => {
    const started = await start(folder)
    const order = await shipAnOrder(started.api)
    const pids = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(
        ([, parent, command = '']) => Number(parent) === started.process.pid && /postgres|redis|valkey/.test(command),
      )
      .map(([pid]) => Number(pid))
    expect(pids).toHaveLength(2)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await shipped(started.api, order)
    await stop(started)
  })

  it('takes everything along when it is killed, and starts again', async ({ folder }) => {
    const first = await start(folder)
    const order = await shipAnOrder(first.api)
    first.process.signal('SIGKILL')
    await first.process.exited
    await eventually(() => expect(first.pids.filter(isRunning)).toEqual([]), { timeoutMs: 90_000 })
    const second = await start(folder)
    await shipped(second.api, order)
    await stop(second)
  })

  it('runs twice side by side with other data and another port, but not on the same data', async ({ folder }) => {
    const [first, second] = await Promise.all([start(folder), start(folder, { SLUICE_HOME: join(folder, 'second') })])
    const third = launch(folder, { PORT: String(await freePort()) })
    expect(await third.exited).toBe(1)
    expect(third.lines.join('\n')).toMatch(/is in use by another Sluice \(process \d+\): .*another SLUICE_HOME/)
    await Promise.all([stop(first), stop(second)])
  })

  it('says which port is taken, and which variable is wrong', async ({ folder }) => {
    const intruder: Server = createServer().listen(0, '127.0.0.1')
    await once(intruder, 'listening')
    const address = intruder.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const taken = launch(folder, { PORT: String(port) })
    const wrong = launch(folder, { PORT: 'http', SLUICE_WORKERS: '-1' })
    expect(await taken.exited).toBe(1)
    expect(taken.lines.join('\n')).toContain(`PORT is "${port}", but 127.0.0.1:${port} cannot be listened on`)
    expect(await wrong.exited).toBe(1)
    expect(wrong.lines).toEqual([
      'PORT is "http": expected a whole number from 0 to 65535 (default 3000)',
      'SLUICE_WORKERS is "-1": expected a whole number from 0 to 64 (default 2)',
    ])
    intruder.close()
  })
})
