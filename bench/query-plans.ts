import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { listLogs } from '../src/db/logs.ts'
import { openDatabase, type Database } from '../src/db/client.ts'
import { migrate } from '../src/db/migrate.ts'
import { listOrders } from '../src/db/orders.ts'
import { getRun, listRuns, type RunFilter } from '../src/db/run-queries.ts'
import { listControls } from '../src/db/run-controls.ts'
import { readWholeRun } from '../src/db/run-states.ts'
import { readSnapshot } from '../src/db/snapshot.ts'
import { readStats } from '../src/db/stats.ts'
import { getStep } from '../src/db/step-queries.ts'
import { listWorkflows } from '../src/db/workflows.ts'
import { freePort } from '../src/dev/free-port.ts'
import { startPostgres } from '../src/dev/postgres.ts'
import { createLogger } from '../src/log.ts'
import { loadHistory } from './harness/history.ts'

/**
 * Writes docs/query-plans.md: the plans of the API's queries, as the API sends them, on 100,000 runs of 10 steps.
 *
 *     npx tsx bench/query-plans.ts > docs/query-plans.md
 */

const RUNS = 100_000
const STEPS_PER_RUN = 10
const WORKFLOWS = 100
/** Runs that have not ended: the newest ones. */
const OPEN_RUNS = 500

interface Statement {
  text: string
  values: unknown[]
}

interface Question {
  title: string
  ask: (db: Database) => Promise<unknown>
}

/** What the pages of a dashboard ask for, and the filters that are hardest on the indexes. */
function questions(sample: Sample): Question[] {
  const list = (title: string, filter: Partial<RunFilter>): Question => ({
    title,
    ask: (db) => listRuns(db, { limit: 51, ...filter }),
  })
  return [
    list('Newest runs', {}),
    list('Runs from the middle of the history', { before: sample.runId }),
    list('Unfinished runs', { statuses: ['queued', 'running', 'waiting', 'paused', 'cancelling'] }),
    list('Failed runs', { statuses: ['failed'] }),
    list('Failed and cancelled runs, from the middle', { statuses: ['failed', 'cancelled'], before: sample.runId }),
    list('Runs of the workflow with the most runs', { workflowId: sample.frequent }),
    list('Runs of the workflow with the fewest runs', { workflowId: sample.rare }),
    list('Failed runs of the workflow with the fewest runs', { workflowId: sample.rare, statuses: ['failed'] }),
    list('Paused runs of the workflow with the most runs', { workflowId: sample.frequent, statuses: ['paused'] }),
    list('Runs with a frequent tag', { tag: 'region-3' }),
    list('Runs with a rare tag', { tag: 'customer-42' }),
    list('Search: part of a workflow’s name', { search: 'flow-9' }),
    list('Search: the beginning of a run’s id', { search: sample.runId.slice(0, 13) }),
    list('Search: a run’s id, cut in the middle', { search: `${sample.runId.slice(0, 8)}…${sample.runId.slice(-6)}` }),
    list('Search: a tag', { search: 'customer-42' }),
    list('Search: nothing that is there', { search: 'nothing' }),
    list('Runs of one hour, long ago', {
      createdAfter: sample.at,
      createdBefore: new Date(sample.at.getTime() + 3_600_000),
    }),
    list('Runs since an hour ago', { createdAfter: new Date(Date.now() - 3_600_000) }),
    list('Failed runs before the middle', { createdBefore: sample.at, statuses: ['failed'] }),
    { title: 'One run', ask: (db) => getRun(db, sample.runId) },
    { title: 'One unfinished run', ask: (db) => getRun(db, sample.openRunId) },
    { title: 'One run with its steps', ask: (db) => readWholeRun(db, sample.runId) },
    { title: 'Controls of a run', ask: (db) => listControls(db, { runId: sample.runId, after: undefined, limit: 51 }) },
    { title: 'One step with its result and attempts', ask: (db) => getStep(db, sample.runId, 4) },
    { title: 'Log lines of a run', ask: (db) => listLogs(db, { runId: sample.runId, limit: 51 }) },
    { title: 'Log lines of one step', ask: (db) => listLogs(db, { runId: sample.runId, stepIndex: 4, limit: 51 }) },
    { title: 'Workflows with their last runs', ask: (db) => listWorkflows(db, { limit: 51 }) },
    { title: 'Orders by status', ask: (db) => listOrders(db, { statuses: ['refunded'], limit: 51 }) },
    { title: 'Statistics', ask: (db) => readStats(db) },
    { title: 'Snapshot of all tables', ask: (db) => readSnapshot(db, 50) },
  ]
}

interface Sample {
  runId: string
  openRunId: string
  at: Date
  frequent: string
  rare: string
}

async function takeSample(client: pg.Pool): Promise<Sample> {
  const { rows } = await client.query<Sample>(`
    with counts as (select workflow_id, count(*) n from runs group by 1)
    select r.id as "runId", r.created_at as at, (select id from runs where status = 'running' order by id limit 1) as "openRunId",
           (select workflow_id from counts order by n desc limit 1) as frequent,
           (select workflow_id from counts order by n limit 1) as rare
    from runs r order by r.id offset ${RUNS / 2} limit 1`)
  const [sample] = rows
  if (sample === undefined) throw new Error('no runs were loaded')
  return sample
}

/** Notes the statements that the queries send, on their way to Postgres. */
function recording(db: Database, statements: Statement[]): void {
  const send = db.pool.query.bind(db.pool)
  const note = (query: pg.QueryConfig | string, values?: unknown[]) => {
    statements.push({
      text: typeof query === 'string' ? query : query.text,
      values: values ?? (query as pg.QueryConfig).values ?? [],
    })
    return send(query as pg.QueryConfig, values as never)
  }
  Object.assign(db.pool, { query: note })
}

interface Plan {
  executionMs: number
  lines: string[]
}

/** The plan of the second of two executions. */
async function planOf(client: pg.Pool, { text, values }: Statement): Promise<Plan> {
  const explain = { text: `explain (analyze, buffers off, costs off, summary on) ${text}`, values }
  await client.query(explain)
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(explain)
  const lines = rows.map((row) => row['QUERY PLAN'])
  const time = lines.find((line) => line.startsWith('Execution Time'))
  return { executionMs: Number.parseFloat(time?.split(': ')[1] ?? ''), lines: lines.flatMap(shorten) }
}

/** Leaves out what says little, and shortens lists of ids. */
function shorten(line: string): string[] {
  if (
    /^(Execution|Planning)|^\s*(Index Searches|Cache|Hits|Buckets|Batches|Storage|Heap Blocks|Heap Fetches)/.test(line)
  )
    return []
  return [
    line
      .replace(/'\{[^}']{100,}\}'/, "'{…}'")
      .replace(/ loops=1\)$/, ')')
      .replace(/(rows=\d+)\.00/, '$1'),
  ]
}

interface Answer {
  title: string
  plans: Plan[]
}

/** Asks the question once for its statements, then explains each. */
async function answer(
  parts: { db: Database; client: pg.Pool; sent: Statement[] },
  question: Question,
): Promise<Answer> {
  parts.sent.length = 0
  await question.ask(parts.db)
  const plans: Plan[] = []
  for (const statement of parts.sent) plans.push(await planOf(parts.client, statement))
  return { title: question.title, plans }
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-plans-'))
  const server = await startPostgres({
    folder: join(folder, 'pg'),
    port: await freePort(),
    database: 'plans',
    durable: false,
  })
  const client = new pg.Pool({ connectionString: server.url })
  // Connections may still be open when the server is stopped.
  client.on('error', () => undefined)
  const db = openDatabase({
    url: server.url,
    connections: 4,
    applicationName: 'plans',
    log: createLogger('plans', 'silent'),
  })
  try {
    await migrate(server.url)
    await loadHistory(server.url, { runs: RUNS, stepsPerRun: STEPS_PER_RUN, workflows: WORKFLOWS, openRuns: OPEN_RUNS })
    const sent: Statement[] = []
    recording(db, sent)
    const answers: Answer[] = []
    for (const question of questions(await takeSample(client)))
      answers.push(await answer({ db, client, sent }, question))
    process.stdout.write([await head(client), summary(answers), ...answers.map(section)].join('\n\n') + '\n')
  } finally {
    await Promise.all([db.close(), client.end()])
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function head(client: pg.Pool): Promise<string> {
  const { rows } = await client.query<{ version: string; sizes: string }>(`
    select split_part(version(), ' on ', 1) as version,
           (select string_agg(relname || ' ' || pg_size_pretty(pg_table_size(oid)) || ' and indexes ' || pg_size_pretty(pg_indexes_size(oid)), ', ' order by relname)
            from pg_class where relname in ('runs', 'steps', 'step_results', 'step_logs')) as sizes`)
  const [runs, steps] = [RUNS, RUNS * STEPS_PER_RUN].map((count) => count.toLocaleString('en'))
  return `# Plans of the API's queries

Made by \`npx tsx bench/query-plans.ts\`: the very statements that the API sends, explained by ${rows[0]?.version} on
${runs} runs with ${steps} steps, of ${WORKFLOWS} workflows over 30 days, the newest ${OPEN_RUNS} unfinished
(${rows[0]?.sizes}). Each is the second of two executions, with everything in memory; a page has 50 rows.
The second statement of a list counts the steps of the unfinished runs on the page.`
}

function summary(answers: readonly Answer[]): string {
  const rows = answers.map(({ title, plans }) => {
    const times = plans.map((plan) => plan.executionMs.toFixed(2)).join(' + ')
    const indexes = plans.flatMap((plan) =>
      plan.lines.flatMap((line) => /(?:using|Index Scan on) (\w+)/.exec(line)?.[1] ?? []),
    )
    return `| ${title} | ${times} | ${[...new Set(indexes)].join(', ')} |`
  })
  return ['| question | ms of each statement | indexes |', '|---|---|---|', ...rows].join('\n')
}

function section({ title, plans }: Answer): string {
  return [`## ${title}`, ...plans.map((plan) => `\`\`\`text\n${plan.lines.join('\n')}\n\`\`\``)].join('\n\n')
}

await main()
