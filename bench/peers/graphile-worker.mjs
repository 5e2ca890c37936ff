import { makeWorkerUtils, run as startWorker, Logger } from 'graphile-worker'
import pg from 'pg'
import { count, CREATE_COUNTERS, followers, Runs, serve } from './driver.mjs'

// The configuration of its page on performance: a local queue, and completions in batches. Each job adds its followers
// before it is completed, so a crash repeats a job, and adds its followers twice. With a connection for each job, as is
// recommended where jobs hold one, chains were little more than half as fast on two cores.
await serve(async ({ databaseUrl, concurrency }) => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 })
  pool.on('error', (error) => console.error('Error', error))
  await pool.query(CREATE_COUNTERS)
  const quiet = new Logger(() => () => undefined)
  const utils = await makeWorkerUtils({ pgPool: pool, logger: quiet })
  await utils.migrate()
  const runs = new Runs()
  const specOf = (job) => ({ identifier: 'step', payload: job })
  const preset = {
    worker: {
      connectionString: databaseUrl,
      maxPoolSize: 20,
      concurrentJobs: concurrency,
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
      logger: quiet,
    },
  }
  const worker = await startWorker({
    preset,
    noHandleSignals: true,
    taskList: {
      async step(job, { addJob, addJobs }) {
        const after = followers([job])
        const next = [...after.next, ...(await count((...query) => pool.query(...query), after))]
        if (next.length === 1) await addJob('step', next[0])
        else if (next.length > 1) await addJobs(next.map(specOf))
        for (const run of after.ended) runs.end(run)
      },
    },
  })
  return {
    async run(shape, many) {
      const { jobs, ended } = runs.begin(shape, many)
      await utils.addJobs(jobs.map(specOf))
      await ended
    },
    async stop() {
      await worker.stop()
      await utils.release()
      await pool.end()
    },
  }
})
