import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockHome } from '../../src/dev/home.ts'
import { startPostgres } from '../../src/dev/postgres.ts'
import { startRedis } from '../../src/dev/redis.ts'
import { atRememberedPort } from '../../src/dev/remembered-port.ts'
import type { Server } from '../../src/dev/server.ts'
import { PACKAGE_ROOT } from '../../src/package-root.ts'
import { eventually } from '../support/eventually.ts'
import { redisProgram, withRedis } from '../support/servers.ts'

let folder: string
const servers: Server[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-stores-'))
})

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
  await rm(folder, { recursive: true, force: true })
})

async function started(server: Promise<Server>): Promise<Server> {
  servers.push(await server)
  return server
}

const postgres = () => started(startPostgres({ folder, database: 'test', durable: false }))
const redis = () => started(startRedis({ program: redisProgram(), folder }))

async function ask(server: Server, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

/** Runs a module of ours in a process of its own, and kills that when it has printed the word "up". */
async function killAfterStart(source: string): Promise<void> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', `${source}\nconsole.log('up')`],
    {
      cwd: PACKAGE_ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('the embedded Postgres', () => {
  it('keeps its data, password and port from one start to the next, and its password to itself', async () => {
    const first = await postgres()
    await ask(first, 'create table kept (n int)')
    await first.stop()
    const second = await postgres()
    expect(second.url).toBe(first.url)
    expect(await ask(second, 'select count(*)::int as rows from kept')).toEqual([{ rows: 0 }])
    expect((await stat(join(folder, 'password'))).mode & 0o077).toBe(0)
    expect((await stat(folder)).mode & 0o077).toBe(0)
  })

  it('takes another port when its own was taken meanwhile', async () => {
    const first = await postgres()
    await first.stop()
    const intruder = createServer().listen(first.port, '127.0.0.1')
    await once(intruder, 'listening')
    const second = await postgres()
    expect(second.port).not.toBe(first.port)
    intruder.close()
  })

  it('starts again after it was killed', async () => {
    const first = await postgres()
    await ask(first, 'create table kept (n int)')
    process.kill(first.pid, 'SIGKILL')
    expect(await first.exited).toBe('SIGKILL')
    const second = await postgres()
    expect(await ask(second, 'select count(*)::int as rows from kept')).toEqual([{ rows: 0 }])
  })

  it('is taken over from a process that was killed', async () => {
    const options = JSON.stringify({ folder, database: 'test', durable: false })
    await killAfterStart(`import { startPostgres } from './src/dev/postgres.ts'; await startPostgres(${options})`)
    const second = await postgres()
    expect(await ask(second, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  it('is not deterred by the lock file of a process number that another program has by now', async () => {
    const first = await postgres()
    const lockFile = join(folder, 'data', 'postmaster.pid')
    await first.stop()
    // Not one of the server's own ancestors, which Postgres knows to be harmless.
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    await writeFile(lockFile, `${other.pid}\n${join(folder, 'data')}\n0\n${first.port}\n\n127.0.0.1\n`)
    const second = await postgres()
    expect(await ask(second, 'select 1 as one')).toEqual([{ one: 1 }])
    other.kill()
  })

  it('shows the end of its log when it cannot start', async () => {
    const first = await postgres()
    await first.stop()
    await writeFile(join(folder, 'data', 'postgresql.auto.conf'), 'no_such_setting = 1\n')
    await expect(postgres()).rejects.toThrow(/Postgres did not start \(exit code 1\)[\s\S]*no_such_setting/)
  })
})

describe('the private Redis', () => {
  it('keeps its data and port from one start to the next, and never evicts', async () => {
    const first = await redis()
    await withRedis(first.url, (client) => client.set('kept', '1'))
    await first.stop()
    const second = await redis()
    expect(second.url).toBe(first.url)
    await withRedis(second.url, async (client) => {
      expect(await client.get('kept')).toBe('1')
      expect(await client.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction'])
    })
  })

  it('is taken over from a process that was killed', async () => {
    const options = JSON.stringify({ folder, program: redisProgram() })
    await killAfterStart(`import { startRedis } from './src/dev/redis.ts'; await startRedis(${options})`)
    const second = await redis()
    expect(await withRedis(second.url, (client) => client.ping())).toBe('PONG')
  })
})

describe('an embedded server whose port is taken between the look and its start', () => {
  const startAt = {
    Postgres: (port: number) => startPostgres({ folder, port, database: 'test', durable: false }),
    Redis: (port: number) => startRedis({ program: redisProgram(), folder, port }),
  }

  it.each(['Postgres', 'Redis'] as const)('starts at another: %s', async (name) => {
    const intruder = createServer()
    const server = await started(
      atRememberedPort(folder, async (port) => {
        if (!intruder.listening) await once(intruder.listen(port, '127.0.0.1'), 'listening')
        return await startAt[name](port)
      }),
    )
    expect(intruder.address()).not.toMatchObject({ port: server.port })
    intruder.close()
  })

  it('is not mistaken for the Redis that took the port', async () => {
    const intruder = await started(startRedis({ program: redisProgram(), folder: join(folder, 'other') }))
    await expect(startAt.Redis(intruder.port)).rejects.toThrow('Address already in use')
  })
})

describe('SLUICE_HOME', () => {
  it('belongs to one process at a time', async () => {
    const home = join(folder, 'home')
    const unlock = await lockHome(home)
    await expect(lockHome(home)).rejects.toThrow(new RegExp(`in use by another Sluice \\(process ${process.pid}\\)`))
    await unlock()
    await (
      await lockHome(home)
    )()
  })

  it('is free again when its owner was killed', async () => {
    const home = join(folder, 'home')
    await killAfterStart(
      `import { lockHome } from './src/dev/home.ts'; await lockHome(${JSON.stringify(home)}); setInterval(() => {}, 1000)`,
    )
    const unlock = await eventually(() => lockHome(home))
    await expect(unlock()).resolves.toBeUndefined()
  })

  it('may have a path that is too long for a socket', async () => {
    const home = join(folder, 'deep'.repeat(30))
    const unlock = await lockHome(home)
    await expect(lockHome(home)).rejects.toThrow(/in use/)
    await unlock()
  })

  it('leaves no process behind', async () => {
    const server = await postgres()
    await server.stop()
    const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    expect(processes).not.toContain(folder)
  })
})
