import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../src/errors.ts'
import { findBreaches, type Finding } from './checker.ts'
import { createClient } from './client.ts'
import { injectFault, type InjectedFault, type Scene } from './faults.ts'
import { startFleet, type Fleet } from './fleet.ts'
import { findLeftovers } from './leftovers.ts'
import { createLedger, noteFaults, noteRequests, openLedger, type Ask, type Ledger } from './ledger.ts'
import { startLoad, type Load } from './load.ts'
import type { ChaosOptions } from './options.ts'
import { randomOf } from './random.ts'
import { measureRecovery } from './recovery.ts'
import type { Counts, Report } from './report.ts'
import { planFaults, type PlannedFault } from './schedule.ts'

/** After the last fault, every run has ended within this: else it hangs. */
const ENDED_WITHIN_MS = 90_000
/** After the last run has ended, the queues are empty within this. */
const EMPTY_WITHIN_MS = 30_000
const START_AND_STOP_MS = 150_000
const LOOK_EVERY_MS = 200
/** Runs that hang of which it is told why. */
const TOLD = 10

/** An experiment takes no longer than this, whatever hangs. */
export function longestMs({ durationMs }: ChaosOptions): number {
  return START_AND_STOP_MS + durationMs + ENDED_WITHIN_MS + EMPTY_WITHIN_MS
}

/** What an experiment has that must be stopped. */
interface Lab {
  scene: Scene
  ledger: Ledger
  load: Load
  /** Of the faults that have begun. */
  faults: Promise<InjectedFault>[]
}

/**
 * Runs the experiment: starts everything, breaks it under load, lets it heal, checks what is left, and stops everything. It
 * leaves nothing behind, also when `signal` fires or something throws. `tell` hears of each fault.
 */
export async function runExperiment(
  options: ChaosOptions,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<Report> {
  const fleet = await startFleet({ ...options, signal })
  // Ends what waits for answers, once nobody needs them.
  const over = new AbortController()
  const both = AbortSignal.any([signal, over.signal])
  // As many as there are requests under way.
  setMaxListeners(0, both)
  const ledger = openLedger(fleet.postgres.url, both)
  const faults: Promise<InjectedFault>[] = []
  let load: Load | undefined
  let report: Report | undefined
  try {
    await createLedger(ledger.ask)
    const client = createClient(fleet.origins, randomOf(options.seed, 'client'), both)
    load = await startLoad({ ...options, client })
    report = await observe({ scene: { fleet, ask: ledger.ask, signal: both }, ledger, load, faults }, options, tell)
    await load.stop()
    report.findings.push(...processFindings(await fleet.stopProcesses()))
    report.told = { ...fleet.told }
    return report
  } finally {
    over.abort()
    await load?.stop()
    // What is being started again is there only once that has ended.
    await Promise.allSettled(faults)
    const left = await fleet.stop()
    report?.findings.push(...processFindings(left))
    await ledger.close()
  }
}

async function observe(lab: Lab, options: ChaosOptions, tell: (line: string) => void): Promise<Report> {
  const { scene, load } = lab
  const { fleet, ask, signal } = scene
  const begin = Date.now()
  await breakThings(lab, planFaults(options), begin, tell)
  await sleep(begin + options.durationMs - Date.now(), undefined, { signal })
  const faults = await Promise.all(lab.faults)
  const findings = await untilEnded(lab)
  const tookMs = Date.now() - begin
  await noteRequests(ask, load)
  await noteFaults(ask, faults)
  const queue = {
    backend: options.backend,
    url: fleet.redis?.url ?? fleet.postgres.url,
    prefix: fleet.prefix,
  }
  findings.push(...(await findLeftovers(queue, EMPTY_WITHIN_MS, signal)))
  // What came in the last minute Postgres would not know of yet when it plans how to check.
  await ask('ANALYZE')
  findings.push(...(await findBreaches(ask)))
  findings.push(...load.refusals.map((what) => ({ rule: 'a client of good faith is not refused', what })))
  findings.push(...fleet.uncaught.map((what) => ({ rule: 'no error goes uncaught', what })))
  const { jsonFile: _, logFile: __, ...asked } = options
  return {
    options: asked,
    tookMs,
    faults: faults.map(({ kind, target, beganAt, endedAt }) => ({
      kind,
      target,
      atMs: beganAt - begin,
      forMs: endedAt - beganAt,
    })),
    recovery: await measureRecovery(ask),
    counts: await count(ask),
    inHand: await countTakenOver(ask, faults),
    told: { ...fleet.told },
    findings,
  }
}

/** Begins each fault at its time, whether the one before is over or not. */
async function breakThings(
  { scene, faults }: Lab,
  plan: readonly PlannedFault[],
  begin: number,
  tell: (line: string) => void,
): Promise<void> {
  for (const fault of plan) {
    await sleep(begin + fault.atMs - Date.now(), undefined, { signal: scene.signal })
    const injected = injectFault(scene, fault)
    // Looked at when the last one is over.
    injected.catch(() => undefined)
    faults.push(
      injected.then((done) => {
        const at = ((done.beganAt - begin) / 1_000).toFixed(1)
        tell(`${at.padStart(7)} s  ${done.kind.padEnd(18)}${done.target}`)
        return done
      }),
    )
    faults.at(-1)?.catch(() => undefined)
  }
}

/** Lets everything come to its end; of what does not, what the service says about it. */
async function untilEnded({ scene: { fleet, ask, signal }, load }: Lab): Promise<Finding[]> {
  const deadline = Date.now() + ENDED_WITHIN_MS
  const stillUnderWay = async () => {
    const rows = await ask<{ id: string }>(
      `SELECT id FROM runs WHERE status NOT IN ('completed', 'failed', 'cancelled') ORDER BY id`,
    )
    return rows.map(({ id }) => id)
  }
  let submitted = false
  const submitting = load.stopSubmitting().then(() => void (submitted = true))
  for (; Date.now() < deadline; await sleep(LOOK_EVERY_MS, undefined, { signal })) {
    if (submitted && (await stillUnderWay()).length === 0) return []
  }
  void submitting
  const hanging = await stillUnderWay()
  const findings = await Promise.all(
    hanging.slice(0, TOLD).map(async (id) => ({
      rule: 'a run ends',
      what: `${id} has not, of ${hanging.length}; the service says: ${await whyOf(fleet, id)}`,
    })),
  )
  if (!submitted) findings.push({ rule: 'every request is answered', what: 'some are not' })
  return findings
}

async function whyOf(fleet: Fleet, id: string): Promise<string> {
  try {
    const response = await fetch(`${fleet.origins[0]}/api/v1/runs/${id}/why`, { signal: AbortSignal.timeout(5_000) })
    return await response.text()
  } catch (error) {
    return messageOf(error)
  }
}

async function count(ask: Ask): Promise<Counts> {
  const [counts] = await ask<Counts & Record<string, number>>(`
    SELECT (SELECT count(*)::int FROM runs) AS runs,
      (SELECT count(*)::int FROM runs WHERE status = 'completed') AS completed,
      (SELECT count(*)::int FROM runs WHERE status = 'failed') AS failed,
      (SELECT count(*)::int FROM runs WHERE status = 'cancelled') AS cancelled,
      (SELECT count(*)::int FROM chaos.turns WHERE became = 'paused') AS paused,
      (SELECT count(*)::int FROM chaos.turns WHERE was IN ('completed', 'failed', 'cancelled')) AS retried,
      (SELECT count(*)::int FROM steps WHERE parent_index IS NOT NULL AND item_index IS NULL AND status = 'completed') AS undone,
      (SELECT count(*)::int FROM steps) AS steps,
      (SELECT sum(attempt)::int FROM steps) AS attempts,
      (SELECT count(*)::int FROM step_attempts WHERE status = 'lost') AS lost,
      (SELECT count(*)::int FROM chaos.effects) AS effects,
      (SELECT count(*)::int FROM chaos.calls) AS calls`)
  return counts!
}

async function countTakenOver(ask: Ask, faults: readonly InjectedFault[]): Promise<Report['inHand']> {
  const inHand = faults.flatMap((fault) => fault.inHand)
  const [row] = await ask<{ n: number }>(
    `SELECT count(*)::int AS n FROM json_to_recordset($1) AS h(run_id uuid, step_index int, attempt int)
     JOIN step_attempts a USING (run_id, step_index, attempt) WHERE a.status = 'lost'`,
    [JSON.stringify(inHand)],
  )
  return { attempts: inHand.length, takenOver: row!.n }
}

function processFindings(faults: readonly string[]): Finding[] {
  return faults.map((what) => ({ rule: 'every process stops', what }))
}
