import type { Contestant } from '../contestants/contestant.ts'
import { startFloor } from '../contestants/floor.ts'
import { PEERS, startPeer } from '../contestants/peer.ts'
import { chain, fanOut } from '../contestants/shapes.ts'
import { startSluice, withSegments } from '../contestants/sluice.ts'
import type { Measure, SuiteResult } from '../harness/figures.ts'
import { startVolatileRedis, type Stack } from '../harness/stack.ts'
import type { SuiteOptions } from '../harness/suite.ts'
import { measureThroughput } from './floor.ts'
import { measureLatency, SINGLE_STEP, timedByEvents } from './latency.ts'

/** Steps (of those that run whole workflows in one process: runs) at once. */
const CONCURRENCY = 100

/**
 * Sluice, bare BullMQ and five others with the same steps that do nothing, on one machine in one run, those that keep
 * their state in Postgres on the same server. `only` is part of the name of a peer.
 */
export async function peersSuite(stack: Stack, options: SuiteOptions): Promise<SuiteResult> {
  const shapes = [chain('chain-10', 10), fanOut('fan-out-100', 100)]
  const names = Object.keys(PEERS).filter((name) => name.toLowerCase().includes(options.only.toLowerCase()))
  const contestants: Contestant[] = []
  const entered = async <Entrant extends Contestant>(starting: Promise<Entrant>): Promise<Entrant> => {
    const contestant = await starting
    contestants.push(contestant)
    return contestant
  }
  const volatile = await startVolatileRedis(stack)
  const measures: Measure[] = []
  try {
    const floor = await entered(startFloor(stack, [...shapes, SINGLE_STEP], { concurrency: CONCURRENCY }))
    const sluice = await entered(startSluice(stack, { concurrency: CONCURRENCY }))
    // Nothing that it guarantees needs the file; bare BullMQ has nothing else.
    const ownRedis = { ...stack, redisUrl: volatile.redisUrl }
    const fast = await entered(
      startSluice(ownRedis, { name: 'Sluice, Redis without a file', concurrency: CONCURRENCY }),
    )
    const peers: Contestant[] = []
    for (const name of names) peers.push(await entered(startPeer(stack, name, { concurrency: CONCURRENCY })))
    const all = [floor, sluice, fast, withSegments(sluice), ...peers]
    for (const shape of shapes) measures.push(await measureThroughput(shape, all, options))
    measures.push(...(await measureLatency('single-step latency', all.map(timedByEvents), options)))
  } finally {
    for (const contestant of contestants.toReversed()) await contestant.stop()
    await volatile.stop()
  }
  return {
    suite: 'peers',
    about: `The same steps that do nothing; concurrency ${CONCURRENCY}. Sluice and bare BullMQ work in another process than the one that submits, the others in the same.`,
    measures,
  }
}
