import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FlowProducer } from 'bullmq'
import { Redis } from 'ioredis'
import { firstFlow } from '../../src/engine/dispatch.ts'
import { buildFlow } from '../../src/queue/flow.ts'
import { compileWorkflow } from '../../src/workflow/compile.ts'
import type { DefinitionInput, Json } from '../../src/workflow/definition.ts'
import { startProcess, stopProcess, until } from '../harness/processes.ts'
import type { Stack } from '../harness/stack.ts'
import { RunWatches, type Contestant } from './contestant.ts'
import { floorRunId } from './floor-run.ts'

/** Runs of one submission, as in Sluice's. */
export const RUNS_PER_SUBMISSION = 100

/** {@link Contestant}, with the prefix of its queues and the number of its worker process. */
export interface FloorContestant extends Contestant {
  prefix: string
  /** Where a workflow is among those that its worker knows. */
  placeOf(definition: DefinitionInput): number
  workerPids: readonly number[]
  keep: NonNullable<Contestant['keep']>
}

/** Bare BullMQ with the same flows: what the queue alone can do, in one worker process. */
export async function startFloor(
  stack: Stack,
  definitions: readonly DefinitionInput[],
  { concurrency }: { concurrency: number },
): Promise<FloorContestant> {
  const prefix = `floor${randomUUID().slice(0, 8)}`
  const file = join(stack.folder, `${prefix}.json`)
  await writeFile(file, JSON.stringify(definitions))
  const program = join(import.meta.dirname, 'floor-worker.ts')
  const worker = await startProcess(
    ['--import', 'tsx', program, stack.redisUrl, prefix, String(concurrency), file],
    {},
    /ready/,
  )
  const connection = new Redis(stack.redisUrl, { maxRetriesPerRequest: null })
  const flows = new FlowProducer({ connection, prefix })
  let submitted = 0
  const watches = new RunWatches(stack.redisUrl, prefix)
  const flowsOf = (definition: DefinitionInput, ids: readonly string[]) => {
    const compiled = compileWorkflow(definition as Json)
    return ids.map((id) => buildFlow(firstFlow(compiled, { id, priority: null })))
  }
  const placeOf = ({ name }: DefinitionInput) => definitions.findIndex((definition) => definition.name === name)
  const idsOf = (definition: DefinitionInput, runs: number) => {
    submitted += runs
    return Array.from({ length: runs }, () => floorRunId(placeOf(definition)))
  }
  return {
    name: 'bare BullMQ',
    prefix,
    placeOf,
    workerPids: [worker.pid!],
    async run(definition, runs) {
      const before = submitted
      const started = performance.now()
      for (let done = 0; done < runs; done += RUNS_PER_SUBMISSION) {
        await flows.addBulk(flowsOf(definition, idsOf(definition, Math.min(RUNS_PER_SUBMISSION, runs - done))))
      }
      await until(async () => Number(await connection.get(`${prefix}:finished`)) >= before + runs)
      return performance.now() - started
    },
    async once(definition) {
      const [id] = idsOf(definition, 1)
      const flow = flowsOf(definition, [id!])
      return watches.of(definition).time(id!, () => flows.addBulk(flow))
    },
    async keep(definition, runs, atOnce) {
      return watches
        .of(definition)
        .keep(runs, atOnce, (count) => flows.addBulk(flowsOf(definition, idsOf(definition, count))))
    },
    async stop() {
      await watches.close()
      await stopProcess(worker)
      await flows.close()
      connection.disconnect()
    },
  }
}

/** An HTTP server of a few lines in front of a floor's queues. */
export interface FloorApi {
  name: string
  /** Ends with a slash. */
  url: string
  stop(): Promise<void>
}

/** Starts the server as a process of its own; it adds runs of one definition, a chain. */
export async function startFloorApi(
  stack: Stack,
  floor: FloorContestant,
  definition: DefinitionInput,
): Promise<FloorApi> {
  let port = ''
  const program = join(import.meta.dirname, 'floor-api.ts')
  const child = await startProcess(
    [
      '--import',
      'tsx',
      program,
      stack.redisUrl,
      floor.prefix,
      String(floor.placeOf(definition)),
      String(definition.steps.length),
    ],
    {},
    { test: (line) => (port = /listening on (\d+)/.exec(line)?.[1] ?? '') !== '' },
  )
  return { name: floor.name, url: `http://127.0.0.1:${port}/`, stop: () => stopProcess(child) }
}
