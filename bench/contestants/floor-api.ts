import { createServer } from 'node:http'
import { FlowProducer, Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { FIRST_EPOCH, firstFlow } from '../../src/engine/dispatch.ts'
import { buildFlow } from '../../src/queue/flow.ts'
import { jobId } from '../../src/queue/names.ts'
import { compileWorkflow } from '../../src/workflow/compile.ts'
import type { Json } from '../../src/workflow/definition.ts'
import { lastJobOf } from './contestant.ts'
import { floorRunId } from './floor-run.ts'
import { chain } from './shapes.ts'

/**
 * The least API that bare BullMQ could have, in front of a floor's worker: POST /?runs=3 adds three flows (without: one),
 * GET /ID says whether a run's last job has completed. Prints `listening on PORT`, then lives until it is killed, or its parent has gone.
 */
const [redisUrl, prefix, place, length] = process.argv.slice(2) as [string, string, string, string]

const connection = new Redis(redisUrl, { maxRetriesPerRequest: null })
const flows = new FlowProducer({ connection, prefix })
const compiled = compileWorkflow(chain('chain', Number(length)) as Json)
const last = lastJobOf(compiled)
const queue = new Queue(last.queue, { connection, prefix })

async function answer(method: string | undefined, path: string): Promise<{ id: string; status: string }> {
  if (method === 'GET') {
    const id = path.slice(1)
    const status = await queue.getJobState(jobId({ run: id, step: last.step, epoch: FIRST_EPOCH }))
    return { id, status }
  }
  const runs = Number(new URL(path, 'http://floor').searchParams.get('runs') ?? 1)
  const ids = Array.from({ length: runs }, () => floorRunId(Number(place)))
  await flows.addBulk(ids.map((id) => buildFlow(firstFlow(compiled, { id, priority: null }))))
  return { id: ids[0]!, status: 'queued' }
}

const server = createServer((request, response) => {
  request.resume()
  answer(request.method, request.url ?? '').then(
    (body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  )
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(`listening on ${typeof address === 'object' ? address?.port : address}`)
})
process.on('disconnect', () => process.exit())
