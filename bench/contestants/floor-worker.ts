import { readFileSync } from 'node:fs'
import { Queue, Worker, type Job } from 'bullmq'
import { Redis } from 'ioredis'
import { GATES_QUEUE, jobId, RUNS_QUEUE, stepsQueue, type JobAddress } from '../../src/queue/names.ts'
import { isLate, lateStep } from '../../src/engine/dispatch.ts'
import { lateJob } from '../../src/queue/flow.ts'
import { compileWorkflow, type CompiledWorkflow } from '../../src/workflow/compile.ts'
import type { Json } from '../../src/workflow/definition.ts'
import { lastJobOf } from './contestant.ts'
import { workflowOfFloorRun } from './floor-run.ts'

/**
 * The floor's worker process: bare BullMQ, which does nothing with each job but let go what is due, by counters
 * in its memory. Concurrency, locks and clean-up are ours. Prints `ready`, then lives until it is killed,
 * or its parent has gone.
 */
const [redisUrl, prefix, concurrency, definitionsFile] = process.argv.slice(2) as [string, string, string, string]

const workflows = (JSON.parse(readFileSync(definitionsFile, 'utf8')) as Json[]).map((raw) => {
  const workflow = compileWorkflow(raw)
  return { workflow, lastJob: lastJobOf(workflow).step }
})

const connection = new Redis(redisUrl, { maxRetriesPerRequest: null })
const gates = new Queue(GATES_QUEUE, { connection, prefix })
const queue = new Queue(stepsQueue('default'), { connection, prefix })
/** By run: for each gated step, how many of its openers have not settled. */
const closed = new Map<string, number[]>()

/** Does what there is to do with any job. */
async function settle(address: JobAddress): Promise<void> {
  const { workflow, lastJob } = workflows[workflowOfFloorRun(address.run)]!
  if (address.step === lastJob) {
    closed.delete(address.run)
    await connection.incr(`${prefix}:finished`)
  } else {
    await letGo(workflow, address)
  }
}

async function letGo(workflow: CompiledWorkflow, address: JobAddress): Promise<void> {
  const { plan, indexOf, steps } = workflow
  const opens = plan.opens[indexOf.get(address.step)!]!
  if (opens.length === 0) return
  let counts = closed.get(address.run)
  if (!counts) closed.set(address.run, (counts = plan.openers.map((openers) => openers.length)))
  const due = opens.filter((held) => --counts[held]! === 0)
  const isAdded = (step: number) => isLate(workflow, { step, epoch: address.epoch })
  const late = due.filter(isAdded).map((step) => lateStep(workflow, step, null))
  const gated = due.filter((step) => !isAdded(step))
  await Promise.all([
    late.length > 0 && queue.addBulk(late.map((step) => lateJob(address, step, (name) => `${prefix}:${name}`))),
    ...gated.map((step) => gates.remove(jobId({ ...address, step: steps[step]!.id }), { removeChildren: false })),
  ])
}

const options = {
  connection,
  prefix,
  concurrency: Number(concurrency),
  lockDuration: 5_000,
  removeOnComplete: { count: 1_000 },
}
const workers = [stepsQueue('default'), RUNS_QUEUE].map(
  (queue) => new Worker<JobAddress>(queue, (job: Job<JobAddress>) => settle(job.data), options),
)
await Promise.all(workers.map((worker) => worker.waitUntilReady()))
process.on('disconnect', () => process.exit())
console.log('ready')
