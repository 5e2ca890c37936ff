import { readFileSync } from 'node:fs'
import { Queue, Worker, type Job } from 'bullmq'
import { Redis } from 'ioredis'
import { GATES_QUEUE, jobId, ROOT_JOB, RUNS_QUEUE, stepsQueue, type JobAddress } from '../../src/queue/names.ts'
import { planWorkflow, type Plan } from '../../src/workflow/plan.ts'
import { definitionSchema, type DefinitionInput } from '../../src/workflow/definition.ts'

/**
 * The floor's worker process: bare BullMQ, which does nothing with each job but open the gates that are due, by counters
 * in its memory. Concurrency, locks and clean-up are ours. Prints `ready`, then lives until it is killed,
 * or its parent has gone.
 */
const [redisUrl, prefix, concurrency, definitionsFile] = process.argv.slice(2) as [string, string, string, string]

interface Shape {
  plan: Plan
  ids: string[]
  indexOf: Map<string, number>
}

const shapes = new Map<string, Shape>()
for (const raw of JSON.parse(readFileSync(definitionsFile, 'utf8')) as DefinitionInput[]) {
  const definition = definitionSchema.parse(raw)
  const ids = definition.steps.map((step) => step.id)
  shapes.set(definition.name, {
    plan: planWorkflow(definition),
    ids,
    indexOf: new Map(ids.map((id, index) => [id, index])),
  })
}

const connection = new Redis(redisUrl, { maxRetriesPerRequest: null })
const gates = new Queue(GATES_QUEUE, { connection, prefix })
/** By run: for each gated step, how many of its openers have not settled. */
const closed = new Map<string, number[]>()

async function settle(address: JobAddress): Promise<void> {
  const { plan, ids, indexOf } = shapes.get(address.run.split('~')[0]!)!
  const opens = plan.opens[indexOf.get(address.step)!]!
  if (opens.length === 0) return
  let counts = closed.get(address.run)
  if (!counts) closed.set(address.run, (counts = plan.openers.map((openers) => openers.length)))
  const due = opens.filter((gated) => --counts[gated]! === 0)
  await Promise.all(
    due.map((gated) => gates.remove(jobId({ ...address, step: ids[gated]! }), { removeChildren: false })),
  )
}

const options = {
  connection,
  prefix,
  concurrency: Number(concurrency),
  lockDuration: 5_000,
  removeOnComplete: { count: 1_000 },
}
const workers = [
  new Worker<JobAddress>(stepsQueue('default'), (job: Job<JobAddress>) => settle(job.data), options),
  new Worker<JobAddress>(
    RUNS_QUEUE,
    async (job: Job<JobAddress>) => {
      if (job.data.step === ROOT_JOB) closed.delete(job.data.run)
      await connection.incr(`${prefix}:finished`)
    },
    options,
  ),
]
await Promise.all(workers.map((worker) => worker.waitUntilReady()))
process.on('disconnect', () => process.exit())
console.log('ready')
