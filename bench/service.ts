import { join } from 'node:path'
import { freePort } from '../src/dev/free-port.ts'
import type { QueueBackend } from '../src/queue/connection.ts'
import { createDatabase, startProcess, stopProcess } from './contestants.ts'
import type { Stack } from './stack.ts'

/** The API and one worker as processes of their own, on a database and a prefix of their own. */
export interface Service {
  /** Base of the API, with `/api/v1`. */
  api: string
  prefix: string
  apiPid: number
  workerPid: number
  stop(): Promise<void>
}

const REPOSITORY = join(import.meta.dirname, '..')

/** Starts both and waits until they are ready. */
export async function startService(stack: Stack, prefix: string, backend: QueueBackend = 'redis'): Promise<Service> {
  const port = await freePort()
  const environment = {
    PORT: String(port),
    DATABASE_URL: await createDatabase(stack.databaseUrl, prefix),
    QUEUE_BACKEND: backend,
    ...(backend === 'redis' ? { REDIS_URL: stack.redisUrl } : {}),
    QUEUE_PREFIX: prefix,
  }
  const api = await startProcess([join(REPOSITORY, 'dist/src/main.js')], environment, /listening on/)
  const worker = await startProcess([join(REPOSITORY, 'dist/workers/main.js')], environment, /taking steps/)
  return {
    api: `http://127.0.0.1:${port}/api/v1`,
    prefix,
    apiPid: api.pid ?? 0,
    workerPid: worker.pid ?? 0,
    async stop() {
      await stopProcess(worker)
      await stopProcess(api)
    },
  }
}
