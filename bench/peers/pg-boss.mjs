import { PgBoss } from 'pg-boss'
import pg from 'pg'
import { count, CREATE_COUNTERS, followers, Runs, serve } from './driver.mjs'

const QUEUE = 'step'

// Batches that commit with what they add (`transactional`), woken by NOTIFY, fetched without a pause while they come back
// full. Its own flows would be the plainer way, but what they release waits for the next poll (half a second at best).
await serve(async ({ databaseUrl, concurrency }) => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 })
  await pool.query(CREATE_COUNTERS)
  await pool.end()
  const boss = new PgBoss({
    connectionString: databaseUrl,
    max: 20,
    useListenNotify: true,
    schedule: false,
    supervise: false,
  })
  boss.on('error', (error) => console.error('Error', error))
  await boss.start()
  await boss.createQueue(QUEUE, { notify: true })
  const runs = new Runs()
  const batchSize = 25
  const options = {
    batchSize,
    localConcurrency: Math.max(1, concurrency / batchSize),
    pollingIntervalSeconds: 0.5,
    notifyPollingIntervalSeconds: 0.5,
    burstWhenBatchFull: true,
    transactional: true,
  }
  await boss.work(QUEUE, options, async (batch, db) => {
    const after = followers(batch.map(({ data }) => data))
    const next = [...after.next, ...(await count((...query) => db.executeSql(...query), after))]
    if (next.length > 0)
      await boss.insert(
        QUEUE,
        next.map((data) => ({ data })),
        { db, returnId: false },
      )
    // The batch commits once this has returned: what ends with it has ended a little later.
    if (after.ended.length > 0) setImmediate(() => after.ended.forEach((run) => runs.end(run)))
  })
  return {
    async run(shape, many) {
      const { jobs, ended } = runs.begin(shape, many)
      await boss.insert(
        QUEUE,
        jobs.map((data) => ({ data })),
        { returnId: false },
      )
      await ended
    },
    stop: () => boss.stop({ graceful: false }),
  }
})
