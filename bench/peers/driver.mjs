/**
 * What all peers have in common: a process of their own that is told what to run by messages, and answers with the
 * milliseconds from before the first submission until all runs have ended. `open` gets {databaseUrl, concurrency, folder}
 * and gives {run, stop}: `run(shape, runs)` resolves when that many runs of `{kind: 'chain', length}` or
 * `{kind: 'fan-out', width}` (one step, `width` steps side by side, one step) have ended durably.
 */
export async function serve(open) {
  const peer = await open(JSON.parse(process.argv[2]))
  const stop = async () => {
    // Whoever stops us waits ten seconds; what does not close by then need not.
    setTimeout(() => process.exit(), 5_000).unref()
    await peer.stop().catch((error) => console.error(error))
    process.exit()
  }
  process.on('message', ({ id, shape, runs }) => {
    const began = performance.now()
    peer.run(shape, runs).then(
      () => process.send({ id, ms: performance.now() - began }),
      (error) => process.send({ id, error: error?.stack ?? String(error) }),
    )
  })
  process.once('SIGTERM', stop)
  process.once('disconnect', stop)
  console.log('ready')
}

/** Does `work` `count` times, never more than `limit` at once. */
export async function inFlight(count, limit, work) {
  let left = count
  const lane = async () => {
    while (left > 0) {
      left -= 1
      await work()
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, count) }, lane))
}

/**
 * Runs of a job queue, which knows jobs and no runs: each job, once done, adds those that follow it. What is left of a
 * fan-out is a row in Postgres, for a counter in memory would be lost in a crash.
 */
export class Runs {
  #waiting = new Map()
  #next = 0

  /** Begins runs: the data of their first jobs, and a promise of the end of all. */
  begin(shape, count) {
    const jobs = Array.from({ length: count }, () => ({ run: `${process.pid}-${this.#next++}`, shape, step: 0 }))
    const ended = Promise.all(jobs.map(({ run }) => new Promise((resolve) => this.#waiting.set(run, resolve))))
    return { jobs, ended }
  }

  /** A run has ended, and its last job has committed. */
  end(run) {
    this.#waiting.get(run)?.()
    this.#waiting.delete(run)
  }
}

/** Of the jobs of a batch: what to add once they are done, which counters to lower, and which runs they end. */
export function followers(jobs) {
  const next = []
  const ended = []
  const arrivals = new Map()
  const fanOuts = []
  for (const { run, shape, step } of jobs) {
    if (shape.kind === 'chain') {
      if (step + 1 < shape.length) next.push({ run, shape, step: step + 1 })
      else ended.push(run)
    } else if (step === 0) {
      fanOuts.push({ run, width: shape.width })
      for (let middle = 1; middle <= shape.width; middle += 1) next.push({ run, shape, step: middle })
    } else if (step <= shape.width) {
      const arrived = arrivals.get(run) ?? { run, shape, count: 0 }
      arrived.count += 1
      arrivals.set(run, arrived)
    } else ended.push(run)
  }
  return { next, ended, fanOuts, arrivals: [...arrivals.values()] }
}

export const CREATE_COUNTERS = 'CREATE TABLE counters (run text PRIMARY KEY, remaining int NOT NULL)'

/** Begins and lowers counters by `query(text, values)`; the last jobs of the runs whose counters have reached zero. */
export async function count(query, { fanOuts, arrivals }) {
  if (fanOuts.length > 0) {
    await query('INSERT INTO counters SELECT * FROM unnest($1::text[], $2::int[]) ON CONFLICT DO NOTHING', [
      fanOuts.map(({ run }) => run),
      fanOuts.map(({ width }) => width),
    ])
  }
  if (arrivals.length === 0) return []
  // In one order everywhere, or two batches would wait for each other.
  arrivals.sort((one, other) => (one.run < other.run ? -1 : 1))
  const { rows } = await query(
    `UPDATE counters c SET remaining = c.remaining - i.count
     FROM (SELECT * FROM unnest($1::text[], $2::int[]) AS i(run, count) ORDER BY run) i WHERE c.run = i.run
     RETURNING c.run, c.remaining`,
    [arrivals.map(({ run }) => run), arrivals.map((arrival) => arrival.count)],
  )
  const done = new Set(rows.filter(({ remaining }) => remaining === 0).map(({ run }) => run))
  return arrivals.filter(({ run }) => done.has(run)).map(({ run, shape }) => ({ run, shape, step: shape.width + 1 }))
}
