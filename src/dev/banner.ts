import type { StorePlan } from './stores.ts'

/** What {@link banner} tells. */
export interface BannerFacts {
  /** Of the API, like `http://127.0.0.1:3000`. */
  origin: string
  plan: StorePlan
  environment: Readonly<Record<string, string>>
  apiPid: number
  workerPids: readonly number[]
  /** Names of the workflows that are registered. */
  examples: readonly string[]
}

/** What `npm start` prints when everything runs. */
export function banner(facts: BannerFacts): string {
  const { origin, plan, environment, workerPids, examples } = facts
  const rows: [string, string][] = [
    ['API', `${origin}/api/v1`],
    ['API docs', `${origin}/docs`],
    ['Bull Board', `${origin}/queues`],
    ['Queue', queueText(plan, environment)],
    ['Database', databaseText(plan, environment)],
    [
      'Processes',
      `API ${facts.apiPid}, ${workerPids.length === 1 ? 'worker' : 'workers'} ${workerPids.join(', ') || 'none'}`,
    ],
    ['Workflows', examples.join(', ') || 'none'],
  ]
  const width = Math.max(...rows.map(([label]) => label.length))
  const lines = rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`)
  return `\nSluice is ready. Ctrl-C stops it.\n\n${lines.join('\n')}\n`
}

function queueText({ queue }: StorePlan, environment: Readonly<Record<string, string>>): string {
  if (queue.kind === 'postgres') return 'BullMQ on Postgres'
  const url = withoutPassword(environment['REDIS_URL'])
  return queue.kind === 'embedded'
    ? `BullMQ on a private Redis, ${url}, data in ${queue.folder}`
    : `BullMQ on Redis, ${url}`
}

function databaseText({ database }: StorePlan, environment: Readonly<Record<string, string>>): string {
  const url = withoutPassword(environment['DATABASE_URL'])
  return database.kind === 'embedded' ? `embedded Postgres, ${url}, data in ${database.folder}` : url
}

function withoutPassword(url = ''): string {
  if (!URL.canParse(url)) return ''
  const shown = new URL(url)
  shown.password = ''
  return shown.href
}
