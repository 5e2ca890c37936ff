import fc from 'fast-check'
import type { QueueBackend } from '../../src/queue/connection.ts'
import { createEffects, EFFECT_ACTIONS } from '../support/effects.ts'
import { isRunning, type TestProcess } from '../support/processes.ts'
import { kill, startSystem, type System } from '../support/system.ts'
import { createAudit } from './audit.ts'
import { commandSequences, type Model } from './commands.ts'
import { workflows } from './definitions.ts'
import { Sequence, type Stage } from './sequence.ts'
import { writeStory } from './story.ts'

/** How much is tried. */
export interface Effort {
  /** Sequences of commands, on each backend. */
  sequences: number
  /** Of the random numbers; the same seed gives the same workflows and commands, though not the same timing. */
  seed: number
}

/** What has been tried. */
export interface Tried {
  sequences: number
  /** Commands by kind. */
  commands: Record<string, number>
  /** Answers to controls, as `cancel 202`. */
  answers: Record<string, number>
  runs: number
}

const MOST_COMMANDS = 20
/** Sequences at the same time on one system: they mostly wait. */
const LANES = 8

/**
 * Applies random commands to random workflows on a system of its own, and checks all invariants after each command. Throws
 * where something breaks, with the seed, the workflows and the commands that led to it.
 */
export async function tryModel(backend: QueueBackend, { sequences, seed }: Effort): Promise<Tried> {
  const system = await startSystem({
    backend,
    env: {
      SLUICE_ACTIONS: EFFECT_ACTIONS,
      LOCK_DURATION_MS: '1500',
      HEARTBEAT_MS: '300',
      RECONCILE_INTERVAL_MS: '500',
      WORKER_CONCURRENCY: '40',
      DATABASE_POOL: '8',
    },
  })
  try {
    await createEffects(system.database)
    await createAudit(system.database)
    const stage = stageOn(system)
    const lanes = Math.min(LANES, sequences)
    const property = fc.asyncProperty(workflows, fc.nat(4), commandSequences(MOST_COMMANDS), (defined, n, commands) =>
      play(new Sequence(stage, defined, n), commands),
    )
    const ended = await Promise.allSettled(
      Array.from({ length: lanes }, (_, lane) =>
        fc.assert(property, {
          numRuns: Math.ceil((sequences - lane) / lanes),
          seed: seed * LANES + lane,
          // A smaller sequence would have another timing, and each try takes seconds.
          endOnFailure: true,
          // Biased towards small values, most sequences would have next to no commands.
          unbiased: true,
        }),
      ),
    )
    const breaches = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []))
    breaches.push(...(await crashes(system)))
    if (breaches.length > 0) throw new AggregateError(breaches, breaches.map(messageOf).join('\n\n'))
    const rows = await system.database.query<{ runs: number }>('SELECT count(*)::int AS runs FROM runs')
    return {
      sequences,
      commands: sorted(stage.counts),
      answers: sorted(stage.answers),
      runs: rows[0]!.runs,
    }
  } finally {
    await system.stop()
  }
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** One sequence from its first run to the end of the last. */
async function play(sequence: Sequence, commands: Iterable<fc.AsyncCommand<Model, Sequence>>): Promise<void> {
  try {
    await sequence.begin()
    await fc.asyncModelRun(() => ({ model: { runs: 1, kills: 0 }, real: sequence }), commands)
    await sequence.settle()
    await sequence.check(true)
  } catch (error) {
    const title = `${fc.stringify(sequence.workflows)}\n${fc.stringify(commands)}\n${String(error)}`
    throw new Error(`${messageOf(error as Error)}\nsee ${await writeStory(sequence, title)}`, { cause: error })
  }
}

/** Processes that ended although nobody killed them. */
async function crashes({ api, workers, database }: System): Promise<Error[]> {
  const kills = await database.query<{ pid: number }>('SELECT pid FROM kills', [])
  const killed = new Set(kills.map(({ pid }) => pid))
  const gone = [api, ...workers].filter(({ pid }) => !killed.has(pid) && !isRunning(pid))
  return gone.map(({ pid, lines }) => new Error(`process ${pid} ended by itself:\n${lines.slice(-10).join('\n')}`))
}

function isAtWork({ pid, lines }: TestProcess): boolean {
  return isRunning(pid) && lines.some((line) => line.includes('taking steps'))
}

function stageOn(system: System): Stage {
  let replacing: Promise<unknown> = Promise.resolve()
  let replaced: Promise<unknown> = replacing
  return {
    system,
    counts: new Map(),
    answers: new Map(),
    async replaceWorker() {
      const before = replacing
      const replace = async () => {
        await before
        await replaced
        // On a busy machine the one before may still be starting: somebody must be left to do the work.
        const [victim, other] = system.workers.filter(isAtWork)
        if (victim === undefined || other === undefined) return
        await system.database.query('INSERT INTO kills (pid) VALUES ($1)', [victim.pid])
        await kill(victim)
        // Meanwhile the others go on alone; that it ended instead of starting is told at the end.
        replaced = system.startWorker().catch(() => undefined)
      }
      replacing = replace()
      await replacing
    },
  }
}

/** What fast-check says, and why. */
function messageOf({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}\n${cause.message}` : message
}
