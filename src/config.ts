import { resolve } from 'node:path'
import { z } from 'zod'
import { SluiceError, type InputProblem } from './errors.ts'
import { LOG_LEVELS, type LogLevel } from './log.ts'
import { QUEUE_NAME } from './workflow/definition.ts'

/**
 * Environment -> typed configuration. The one place that reads environment variables, and the source of the table in
 * the README (`npm run docs:config`).
 */

/** One variable: what it is called, what it is when nobody sets it, and what it may be. */
interface Setting<Value> {
  name: string
  /** Text as a user would write it; undefined: nothing, and the value is undefined too. */
  default: string | undefined
  description: string
  /** Completes "expected …". */
  expects: string
  schema: z.ZodType<Value, string>
  /** The value may hold a password: never shown whole. */
  secret?: boolean
}

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max))

const setting = <Value>(described: Setting<Value>): Setting<Value> => described
const number = (name: string, fallback: number, [min, max]: [number, number], description: string): Setting<number> =>
  setting({
    name,
    default: String(fallback),
    description,
    expects: `a whole number from ${min} to ${max}`,
    schema: wholeNumber(min, max),
  })
const url = (name: string, protocols: string[], example: string, description: string): Setting<string | undefined> =>
  setting<string | undefined>({
    name,
    default: undefined,
    description,
    expects: `a URL like ${example}`,
    schema: z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol)),
    secret: true,
  })
const optionalText = (name: string, expects: string, description: string): Setting<string | undefined> =>
  setting<string | undefined>({ name, default: undefined, description, expects, schema: z.string() })

const MINUTE = 60_000

/** Every variable, in the order of the table. Keys are the names of {@link Config}. */
const SETTINGS = {
  port: number('PORT', 3000, [0, 65_535], 'Port of the API; 0 takes any free one'),
  host: setting({
    name: 'HOST',
    default: '127.0.0.1',
    description: 'Address that the API listens on; `0.0.0.0` opens it to the network',
    expects: 'an address or host name',
    schema: z.string().regex(/^[A-Za-z0-9.:_-]+$/),
  }),
  databaseUrl: url(
    'DATABASE_URL',
    ['postgres:', 'postgresql:'],
    'postgres://user:password@host:5432/database',
    'Postgres 15 or newer. Not set: `npm start` runs one of its own in `SLUICE_HOME`',
  ),
  redisUrl: url(
    'REDIS_URL',
    ['redis:', 'rediss:'],
    'redis://host:6379/0',
    'Redis or Valkey with `maxmemory-policy noeviction`. Not set: see `QUEUE_BACKEND`',
  ),
  queueBackend: setting<'redis' | 'postgres' | undefined>({
    name: 'QUEUE_BACKEND',
    default: undefined,
    description:
      'Where BullMQ keeps its jobs: `redis` or `postgres`. Not set: `redis` where `REDIS_URL` is set or `npm start` finds a `redis-server` to run, else `postgres`',
    expects: 'redis or postgres',
    schema: z.enum(['redis', 'postgres']),
  }),
  queuePrefix: setting({
    name: 'QUEUE_PREFIX',
    default: 'sluice',
    description: 'Keeps installations that share a Redis or a Postgres apart; all processes of one need the same',
    expects: 'a letter, then at most 31 letters, digits or _',
    schema: z.string().regex(/^[A-Za-z]\w{0,31}$/),
  }),
  databasePool: number('DATABASE_POOL', 10, [2, 1000], 'Most connections to Postgres of one process'),
  workerConcurrency: number(
    'WORKER_CONCURRENCY',
    50,
    [1, 10_000],
    'Steps that one worker runs at once (`--concurrency` of the worker overrides it)',
  ),
  workerQueues: setting({
    name: 'WORKER_QUEUES',
    default: 'default',
    description: 'Queues that a worker serves, with commas between (`--queues` of the worker overrides it)',
    expects: 'queue names of letters, digits, . _ or - with commas between',
    schema: z
      .string()
      .transform((text) => [...new Set(text.split(',').map((name) => name.trim()))])
      .pipe(z.array(z.string().regex(QUEUE_NAME)).min(1)),
  }),
  actionsFolder: optionalText(
    'SLUICE_ACTIONS',
    'a folder',
    'Folder with actions of your own (TypeScript or JavaScript), loaded by workers beside the built-in ones',
  ),
  httpAllow: setting<string[]>({
    name: 'HTTP_ALLOW',
    default: '',
    description:
      'Hosts, `host:port` pairs, addresses and CIDR ranges that `http` steps may reach although they are not public, with commas between',
    expects: 'hosts, addresses or ranges such as 10.0.0.0/8, with commas between',
    schema: z
      .string()
      .transform((text) => text.split(',').map((rule) => rule.trim()))
      .transform((rules) => rules.filter((rule) => rule !== ''))
      .pipe(z.array(z.string().regex(/^[A-Za-z0-9.:_-]+(\/\d{1,3})?$/))),
  }),
  lockDurationMs: number(
    'LOCK_DURATION_MS',
    5000,
    [1000, 10 * MINUTE],
    'How long a silent worker keeps its steps before another takes them over',
  ),
  heartbeatMs: number('HEARTBEAT_MS', 2000, [100, 5 * MINUTE], 'How often a worker shows that it lives'),
  shutdownGraceMs: number(
    'SHUTDOWN_GRACE_MS',
    10_000,
    [0, 60 * MINUTE],
    'How long a stopping process waits for what it is doing, before it hands it back',
  ),
  reconcileIntervalMs: number(
    'RECONCILE_INTERVAL_MS',
    2000,
    [100, 10 * MINUTE],
    'How often unfinished runs are compared with the queue',
  ),
  keepCompletedJobs: number(
    'KEEP_COMPLETED_JOBS',
    1000,
    [0, 1_000_000],
    'Completed jobs that stay visible in Bull Board, per queue',
  ),
  keepFailedJobs: number(
    'KEEP_FAILED_JOBS',
    1000,
    [0, 1_000_000],
    'Failed jobs that stay visible in Bull Board, per queue',
  ),
  flushDrill: setting<boolean>({
    name: 'SLUICE_FLUSH_DRILL',
    default: 'off',
    description:
      '`on` lets `POST /api/v1/ops/flush-drill` empty the queue to see that all work comes back; anybody who reaches the API may then do it',
    expects: 'on or off',
    schema: z.enum(['on', 'off']).transform((text) => text === 'on'),
  }),
  logLevel: setting<LogLevel>({
    name: 'LOG_LEVEL',
    default: 'info',
    description: `Least important log line that is written: ${LOG_LEVELS.map((level) => `\`${level}\``).join(', ')}`,
    expects: `one of ${LOG_LEVELS.join(', ')}`,
    schema: z.enum(LOG_LEVELS),
  }),
  home: setting({
    name: 'SLUICE_HOME',
    default: '.sluice',
    description: '`npm start`: folder of the embedded Postgres and Redis',
    expects: 'a folder',
    schema: z.string().transform((path) => resolve(path)),
  }),
  workers: number('SLUICE_WORKERS', 2, [0, 64], '`npm start`: worker processes'),
  redisServer: optionalText(
    'SLUICE_REDIS_SERVER',
    'the path of a program',
    '`npm start`: the `redis-server` or `valkey-server` to run. Not set: the first of the two on the `PATH`',
  ),
} satisfies Record<string, Setting<unknown>>

type Settings = typeof SETTINGS

/** What the environment says, defaults filled in. Paths are absolute, durations milliseconds. */
export type Config = { readonly [Key in keyof Settings]: z.output<Settings[Key]['schema']> }

/** Configuration of a process that needs its stores: the API and the workers. */
export type ServiceConfig = Config & {
  readonly databaseUrl: string
  readonly queueBackend: 'redis' | 'postgres'
}

/** The variables as documentation shows them. */
export const CONFIG_TABLE: readonly { name: string; default: string | undefined; description: string }[] =
  Object.values(SETTINGS)

/**
 * Reads the environment; `flags` (see {@link workerFlags}) win over it. An empty value counts as not set.
 * Throws `invalid_config` that names every wrong variable, its value and what is expected.
 */
export function readConfig(
  environment: NodeJS.ProcessEnv = process.env,
  flags: Readonly<Record<string, string>> = {},
): Config {
  const problems: InputProblem[] = []
  const given = (name: string) => flags[name] ?? (environment[name]?.trim() || undefined)
  const entries = Object.entries(SETTINGS).map(([key, described]: [string, Setting<unknown>]) => {
    const text = given(described.name) ?? described.default
    if (text === undefined) return [key, undefined]
    const parsed = described.schema.safeParse(text)
    if (!parsed.success) problems.push(wrong(described, text))
    return [key, parsed.data]
  })
  const config = Object.fromEntries(entries) as Config
  if (problems.length === 0) problems.push(...contradictions(config))
  if (problems.length > 0) throw invalid(problems)
  return config
}

/** {@link readConfig} for a process that cannot do without Postgres: throws `invalid_config` where it is not named. */
export function readServiceConfig(
  environment: NodeJS.ProcessEnv = process.env,
  flags: Readonly<Record<string, string>> = {},
): ServiceConfig {
  const config = readConfig(environment, flags)
  const { databaseUrl } = config
  const queueBackend = config.queueBackend ?? (config.redisUrl === undefined ? 'postgres' : 'redis')
  const problems: InputProblem[] = []
  if (databaseUrl === undefined) {
    const expects = SETTINGS.databaseUrl.expects
    problems.push(problem('DATABASE_URL', `DATABASE_URL is not set: expected ${expects}; \`npm start\` brings its own`))
  }
  if (queueBackend === 'redis' && config.redisUrl === undefined) {
    problems.push(problem('REDIS_URL', 'REDIS_URL is not set, but QUEUE_BACKEND is "redis": set it, or use "postgres"'))
  }
  if (databaseUrl === undefined || problems.length > 0) throw invalid(problems)
  return { ...config, databaseUrl, queueBackend }
}

/** Our environment with changes, for a child process. */
export function childEnvironment(changes: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...changes }
}

const WORKER_FLAGS: Readonly<Record<string, string>> = {
  '--concurrency': SETTINGS.workerConcurrency.name,
  '--queues': SETTINGS.workerQueues.name,
}

/**
 * The worker's command line (`--concurrency 10 --queues=a,b`) as overrides for {@link readConfig}.
 * Throws `invalid_config` for anything that is not a flag of the worker.
 */
export function workerFlags(argv: readonly string[]): Record<string, string> {
  const flags: Record<string, string> = {}
  const rest = [...argv]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [flag = '', inline] = word.split(/=(.*)/s)
    const name = WORKER_FLAGS[flag]
    const value = inline ?? rest.shift()
    if (name === undefined || value === undefined) {
      const message = name === undefined ? `"${word}" is not a flag of the worker` : `${flag} needs a value`
      throw invalid([problem(flag, `${message}: expected ${Object.keys(WORKER_FLAGS).join(' N or ')} A,B`)])
    }
    flags[name] = value
  }
  return flags
}

function contradictions(config: Config): InputProblem[] {
  if (config.heartbeatMs * 2 <= config.lockDurationMs) return []
  const limit = Math.floor(config.lockDurationMs / 2)
  const text = `HEARTBEAT_MS is "${config.heartbeatMs}": expected at most ${limit}, half of LOCK_DURATION_MS, so that one late heartbeat costs no steps`
  return [problem('HEARTBEAT_MS', text)]
}

function wrong(described: Setting<unknown>, text: string): InputProblem {
  const shown = described.secret === true ? text.replace(/\/\/[^@/]*@/, '//***@') : text
  const fallback = described.default === undefined ? '' : ` (default ${described.default})`
  return problem(described.name, `${described.name} is "${shown}": expected ${described.expects}${fallback}`)
}

const problem = (path: string, message: string): InputProblem => ({ path, code: 'invalid_config', message })

const invalid = (problems: InputProblem[]) =>
  new SluiceError('invalid_config', problems.map(({ message }) => message).join('\n'), { problems })
