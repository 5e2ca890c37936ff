import { OpenWorkflow } from 'openworkflow'
import { BackendPostgres } from 'openworkflow/postgres'
import pg from 'pg'
import { inFlight, serve } from './driver.mjs'

const SCHEMA = 'openworkflow'
const POLL_MS = 2

// A worker polls Postgres for runs and executes them, each step a row that is committed before the next begins. Its
// handles poll once a second, so the end of runs is read from its table.
await serve(async ({ databaseUrl, concurrency }) => {
  const backend = await BackendPostgres.connect(databaseUrl)
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 })
  const app = new OpenWorkflow({ backend })
  const chain = app.defineWorkflow({ name: 'chain' }, async ({ input, step }) => {
    for (let index = 0; index < input.length; index += 1) await step.run({ name: `s${index}` }, () => ({ done: true }))
  })
  const fanOut = app.defineWorkflow({ name: 'fan-out' }, async ({ input, step }) => {
    await step.run({ name: 'first' }, () => ({ done: true }))
    const middle = Array.from({ length: input.width }, (_, index) => `m${index}`)
    await Promise.all(middle.map((name) => step.run({ name }, () => ({ done: true }))))
    await step.run({ name: 'last' }, () => ({ done: true }))
  })
  const worker = app.newWorker({ concurrency })
  await worker.start()
  const ended = async () => {
    const { rows } = await pool.query(
      `SELECT count(*)::int AS n FROM ${SCHEMA}.workflow_runs WHERE status IN ('completed', 'succeeded', 'failed')`,
    )
    return rows[0].n
  }
  return {
    async run(shape, runs) {
      const before = await ended()
      await inFlight(runs, concurrency, () => (shape.kind === 'chain' ? chain.run(shape) : fanOut.run(shape)))
      const pollMs = runs === 1 ? POLL_MS : 10 * POLL_MS
      while ((await ended()) - before < runs) await new Promise((resolve) => setTimeout(resolve, pollMs))
    },
    async stop() {
      await worker.stop()
      await backend.stop()
      await pool.end()
    },
  }
})
