import { join } from 'node:path'
import { freePort } from '../../src/dev/free-port.ts'
import { PACKAGE_ROOT } from '../../src/package-root.ts'
import type { QueueBackend } from '../../src/queue/connection.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { startProcess, stopProcess } from '../harness/processes.ts'
import { createDatabase, dropDatabase, type Stack } from '../harness/stack.ts'

/** The API and one worker as processes of their own, on a database and a prefix of their own. */
export interface Service {
  /** Base of the API, with `/api/v1`. */
  api: string
  databaseUrl: string
  stop(): Promise<void>
}

/** What may differ between two services. */
export interface ServiceOptions {
  /** Of its database and its queues. */
  name: string
  backend?: QueueBackend
  /** Arguments of Node for a process, by what it is. */
  nodeArgs?: (process: 'api' | 'worker') => string[]
  /** Without one, what is submitted waits; 1. */
  workers?: 0 | 1
  /** Folder of the checkout whose programs are started, built; this one. */
  root?: string | undefined
}

/** Starts both and waits until they are ready. */
export async function startService(stack: Stack, options: ServiceOptions): Promise<Service> {
  const { name, backend = 'redis', nodeArgs = () => [], root = PACKAGE_ROOT } = options
  const port = await freePort()
  const databaseUrl = await createDatabase(stack.databaseUrl, name)
  const environment = {
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    QUEUE_BACKEND: backend,
    ...(backend === 'redis' ? { REDIS_URL: stack.redisUrl } : {}),
    QUEUE_PREFIX: name,
  }
  const start = (process: 'api' | 'worker', program: string, ready: RegExp) =>
    startProcess([...nodeArgs(process), join(root, program)], environment, ready)
  const api = await start('api', 'dist/src/main.js', /listening on/)
  const worker = options.workers === 0 ? null : await start('worker', 'dist/workers/main.js', /taking steps/)
  return {
    api: `http://127.0.0.1:${port}/api/v1`,
    databaseUrl,
    async stop() {
      if (worker !== null) await stopProcess(worker)
      await stopProcess(api)
      await dropDatabase(stack.databaseUrl, databaseUrl)
    },
  }
}

/** Sends JSON and reads JSON; throws where the answer is no success. */
export async function post<Answer>(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Answer
}

/** Stores a definition, so that runs of it can be started by name. */
export async function register(service: Service, definition: DefinitionInput): Promise<void> {
  await post(`${service.api}/workflows`, definition)
}
