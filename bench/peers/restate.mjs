import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { createRequire } from 'node:module'
import { mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as restate from '@restatedev/restate-sdk'
import * as clients from '@restatedev/restate-sdk-clients'
import { inFlight, serve } from './driver.mjs'

const PARTITIONS = 4
// The SDK needs it, and Node 20 lacks it; nothing else of Node 22 is asked for.
Promise.withResolvers ??= () => {
  const parts = {}
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }))
  return parts
}
const READY_MS = 60_000

// A server of its own beside this process, which is its service endpoint over HTTP/2 and the client of its ingress. The
// journal is the server's own (RocksDB); Postgres is not used. A run is a request that is answered when it has ended.
await serve(async ({ concurrency, folder }) => {
  const ports = {
    node: await freePort(),
    ingress: await freePort(),
    admin: await freePort(),
    service: await freePort(),
  }
  const handlers = {
    chain: async (ctx, length) => {
      for (let index = 0; index < length; index += 1) await ctx.run(`s${index}`, () => ({ done: true }))
    },
    fanOut: async (ctx, width) => {
      await ctx.run('first', () => ({ done: true }))
      await restate.RestatePromise.all(
        Array.from({ length: width }, (_, index) => ctx.run(`m${index}`, () => ({ done: true }))),
      )
      await ctx.run('last', () => ({ done: true }))
    },
  }
  const service = restate.service({ name: 'bench', handlers })
  await restate.serve({ services: [service], port: ports.service })
  const server = startServer(join(folder, 'restate'), ports)
  const ingress = `http://127.0.0.1:${ports.ingress}`
  await ready(server, `http://127.0.0.1:${ports.admin}/health`)
  const answer = await fetch(`http://127.0.0.1:${ports.admin}/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uri: `http://127.0.0.1:${ports.service}` }),
  })
  if (!answer.ok) throw new Error(`registering: ${answer.status} ${await answer.text()}`)
  const client = clients.connect({ url: ingress }).serviceClient(service)
  return {
    run: (shape, runs) =>
      inFlight(runs, concurrency, () =>
        shape.kind === 'chain' ? client.chain(shape.length) : client.fanOut(shape.width),
      ),
    async stop() {
      const exited = new Promise((resolve) => server.once('exit', resolve))
      server.kill('SIGTERM')
      setTimeout(() => server.kill('SIGKILL'), 3_000).unref()
      await exited
    },
  }
})

function startServer(folder, ports) {
  mkdirSync(folder, { recursive: true })
  const program = join(
    dirname(
      createRequire(import.meta.url).resolve(
        `@restatedev/restate-server-${process.platform}-${process.arch}/package.json`,
      ),
    ),
    'bin/restate-server',
  )
  const log = openSync(join(folder, 'server.log'), 'w')
  // Where the kernel can, it ends the server with us, however we end.
  const guard = ['setpriv', '--pdeathsig', 'KILL']
  const guarded = spawnSync(guard[0], [...guard.slice(1), 'true']).status === 0
  const [command, ...args] = guarded ? [...guard, program] : [program]
  return spawn(command, args, {
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      RESTATE_BASE_DIR: folder,
      RESTATE_NODE_NAME: 'bench',
      RESTATE_DEFAULT_NUM_PARTITIONS: String(PARTITIONS),
      RESTATE_BIND_ADDRESS: `127.0.0.1:${ports.node}`,
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${ports.node}/`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ports.ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${ports.admin}`,
      RESTATE_LOG_FILTER: 'warn',
      RESTATE_DISABLE_TELEMETRY: 'true',
    },
  })
}

async function ready(server, url) {
  const deadline = performance.now() + READY_MS
  for (;;) {
    const answer = await fetch(url).catch(() => null)
    if (answer?.ok) return
    if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}`)
    if (performance.now() > deadline) throw new Error('the server is not ready')
    await sleep(50)
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
