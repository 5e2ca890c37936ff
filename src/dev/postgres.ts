import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { messageOf, SluiceError } from '../errors.ts'
import { withParentDeathSignal } from './parent-death.ts'
import { atRememberedPort } from './remembered-port.ts'
import { postgresBinaries } from './postgres-binaries.ts'
import { startServer, stopLeftover, commandOf, type Server, type StopSignal } from './server.ts'
import { unprivilegedLauncher, type Launcher } from './unprivileged.ts'

/** What {@link startPostgres} needs to know. */
export interface PostgresOptions {
  /** Holds the data, the password (readable by us only) and the log; created when missing, found again later. */
  folder: string
  /** Not given: a free one, and the same at each start where it is still free. */
  port?: number
  /** Name of the database, created when missing. */
  database: string
  /** false: quicker, and lost when the machine crashes, though not when Postgres does. For tests only. */
  durable: boolean
}

const USER = 'sluice'
/** Whatever the user's are, which may not be installed. */
const LOCALE = ['env', 'LC_ALL=C', 'TZ=UTC']
/** Fast shutdown: ends sessions, writes a checkpoint. Then immediate shutdown: recovery at the next start. */
const STOP_SIGNALS: StopSignal[] = [
  { signal: 'SIGINT', waitMs: 20_000 },
  { signal: 'SIGQUIT', waitMs: 5000 },
]
/** Backends of a killed server may take a moment to notice; until then a new one refuses its shared memory. */
const LEFTOVER_BACKENDS = 'pre-existing shared memory block'
const LEFTOVER_TRIES = 20
const LEFTOVER_PAUSE_MS = 250

/**
 * Starts the Postgres that comes with the package, on 127.0.0.1 only, and resolves once its database answers. A server
 * that a killed process left on the same folder is stopped first. Only one caller at a time may use a folder.
 * Throws `unavailable` with the cause and the remedy.
 */
export async function startPostgres(options: PostgresOptions): Promise<Server> {
  const launcher = await unprivilegedLauncher(options.folder)
  const data = join(options.folder, 'data')
  const password = await ensureCluster(options, data, launcher)
  await stopLeftoverServer(data)
  const startAt = (port: number) => startOnce(options, { data, password, launcher, port })
  const server = await (options.port === undefined ? atRememberedPort(options.folder, startAt) : startAt(options.port))
  try {
    await ensureDatabase(urlOf(server.port, password, 'postgres'), options.database)
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

interface Cluster {
  data: string
  password: string
  launcher: Launcher
  port: number
}

async function startOnce(options: PostgresOptions, cluster: Cluster, tries = LEFTOVER_TRIES): Promise<Server> {
  const { postgres } = await postgresBinaries()
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(cluster.port),
    unix_socket_directories: '',
    max_connections: '400',
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(options.durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const url = urlOf(cluster.port, cluster.password, options.database)
  try {
    return await startServer({
      name: 'Postgres',
      command: [
        ...cluster.launcher.prefix,
        ...LOCALE,
        ...(await withParentDeathSignal([postgres, '-D', cluster.data, ...flags])),
      ],
      ids: cluster.launcher.ids,
      logFile: join(options.folder, 'postgres.log'),
      port: cluster.port,
      url,
      ping: () => ping(urlOf(cluster.port, cluster.password, 'postgres')),
      stopSignals: STOP_SIGNALS,
    })
  } catch (error) {
    if (tries <= 0 || !messageOf(error).includes(LEFTOVER_BACKENDS)) throw error
    await sleep(LEFTOVER_PAUSE_MS)
    return await startOnce(options, cluster, tries - 1)
  }
}

/** Creates the cluster where there is none, in one step: a creation that was interrupted begins anew. */
async function ensureCluster({ folder, durable }: PostgresOptions, data: string, launcher: Launcher): Promise<string> {
  const passwordFile = join(folder, 'password')
  if (existsSync(data)) return (await readFile(passwordFile, 'utf8')).trim()
  const { initdb } = await postgresBinaries()
  const password = randomBytes(24).toString('base64url')
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
  await chmod(passwordFile, 0o600)
  const { uid, gid } = launcher.ids
  if (uid !== undefined && gid !== undefined) await chown(passwordFile, uid, gid)
  const unfinished = `${data}.new`
  await rm(unfinished, { recursive: true, force: true })
  const [program, ...args] = [
    ...launcher.prefix,
    ...LOCALE,
    initdb,
    `--pgdata=${unfinished}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ]
  try {
    await promisify(execFile)(program ?? initdb, args, launcher.ids)
  } catch (error) {
    throw new SluiceError('unavailable', `Postgres could not create its data in ${folder}: ${messageOf(error)}`, {
      cause: error,
    })
  }
  await rename(unfinished, data)
  return password
}

/**
 * Stops the server of a process that was killed. A lock file whose number belongs to some other program by now (the
 * machine or container was started anew) is removed, for Postgres would believe in it.
 */
async function stopLeftoverServer(data: string): Promise<void> {
  const lockFile = join(data, 'postmaster.pid')
  const pid = Number((await readFile(lockFile, 'utf8').catch(() => '')).split('\n')[0])
  await stopLeftover(pid, data, STOP_SIGNALS)
  if (commandOf(pid) !== '') await rm(lockFile, { force: true })
}

async function ensureDatabase(url: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const found = await client.query('select from pg_database where datname = $1', [name])
    if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
}

async function ping(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  client.on('error', () => undefined)
  await client.connect()
  await client.end()
}

function urlOf(port: number, password: string, database: string): string {
  return `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`
}
