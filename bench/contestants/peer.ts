import { join } from 'node:path'
import { startProcess, stopProcess } from '../harness/processes.ts'
import { createDatabase, dropDatabase, type Stack } from '../harness/stack.ts'
import { withTimeout } from '../../src/timeout.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import type { Contestant } from './contestant.ts'

/** Files of `bench/peers`, each a program for one of them, by the names of their packages. */
export const PEERS: Readonly<Record<string, string>> = {
  Restate: 'restate.mjs',
  'DBOS Transact': 'dbos.mjs',
  'graphile-worker': 'graphile-worker.mjs',
  'pg-boss': 'pg-boss.mjs',
  openworkflow: 'openworkflow.mjs',
}

/** What a peer is asked for; see bench/peers/driver.mjs. */
type PeerShape = { kind: 'chain'; length: number } | { kind: 'fan-out'; width: number }

interface PeerAnswer {
  id: number
  ms?: number
  error?: string
}

const RUN_MS = 180_000

/** A peer in a process of its own, on a database of its own; it submits, works and measures there. */
export async function startPeer(
  stack: Stack,
  name: string,
  { concurrency }: { concurrency: number },
): Promise<Contestant> {
  const file = PEERS[name]!
  const databaseUrl = await createDatabase(stack.databaseUrl, `peer_${file.replace(/\W/g, '_')}`)
  const { folder } = stack
  const program = join(import.meta.dirname, '../peers', file)
  const peer = await startProcess([program, JSON.stringify({ databaseUrl, concurrency, folder })], {}, /^ready$/)
  let asked = 0
  const ask = async (definition: DefinitionInput, runs: number): Promise<number> => {
    const id = asked++
    const answered = new Promise<PeerAnswer>((resolve) => {
      const listen = (answer: PeerAnswer) => {
        if (answer.id !== id) return
        peer.off('message', listen)
        resolve(answer)
      }
      peer.on('message', listen)
    })
    peer.send({ id, shape: shapeOf(definition), runs })
    const answer = await withTimeout(answered, RUN_MS, `${runs} runs of ${definition.name} by ${name} did not end`)
    if (answer.ms === undefined) throw new Error(`${name}: ${answer.error}`)
    return answer.ms
  }
  return {
    name,
    run: ask,
    once: (definition) => ask(definition, 1),
    async stop() {
      await stopProcess(peer)
      await dropDatabase(stack.databaseUrl, databaseUrl)
    },
  }
}

/** Chains and fan-outs of the benchmark, as a peer is told of them. */
function shapeOf({ name, steps }: DefinitionInput): PeerShape {
  return name.startsWith('fan-out')
    ? { kind: 'fan-out', width: steps.length - 2 }
    : { kind: 'chain', length: steps.length }
}
