import type { Finding } from './checker.ts'
import type { Telling } from './fleet.ts'
import type { ChaosOptions } from './options.ts'
import type { Recovery } from './recovery.ts'

/** What came out of an experiment. */
export interface Report {
  options: Omit<ChaosOptions, 'jsonFile' | 'logFile'>
  /** From the begin of the load until the last run had ended. */
  tookMs: number
  /** Each fault that happened, in order of time. */
  faults: { kind: string; target: string; atMs: number; forMs: number }[]
  recovery: Recovery[]
  counts: Counts
  /** Attempts that a paused or isolated worker had in hand, and how many of them others took over. */
  inHand: { attempts: number; takenOver: number }
  told: Readonly<Record<Telling, number>>
  findings: Finding[]
}

/** How much happened. */
export interface Counts {
  runs: number
  completed: number
  failed: number
  cancelled: number
  /** How often a run was paused, with those that it had started. */
  paused: number
  retried: number
  /** Compensations that completed. */
  undone: number
  steps: number
  attempts: number
  lost: number
  effects: number
  calls: number
}

/** The report as people read it. */
export function describeReport(report: Report): string {
  const { options, counts, inHand, told, findings } = report
  const lines = [
    `seed ${options.seed}, ${options.backend}, sequencing ${options.sequencing}: ${seconds(options.durationMs)} of load, all ended after ${seconds(report.tookMs)}`,
    `runs ${counts.runs} (${counts.completed} completed, ${counts.failed} failed and ${counts.cancelled} cancelled as they must), steps ${counts.steps}, attempts ${counts.attempts} (${counts.lost} lost)`,
    `operators paused runs ${counts.paused} times, retried ${counts.retried} times; steps undone ${counts.undone}`,
    `effects ${counts.effects} in transactions, ${counts.calls} calls by actions`,
    `in hand of paused and isolated workers ${inHand.attempts} attempts, taken over ${inHand.takenOver}; commits refused to those who came back ${told.fenced}`,
    `queue found empty ${told.queueLost} times, runs swept up ${told.sweptUp} times, processes that stopped late ${told.late}`,
    '',
    `${'fault'.padEnd(18)}${'times'.padStart(6)}${'recovered p50'.padStart(16)}${'max'.padStart(10)}`,
    ...report.recovery.map(
      ({ kind, faults, p50Ms, maxMs }) =>
        `${kind.padEnd(18)}${String(faults).padStart(6)}${seconds(p50Ms).padStart(16)}${seconds(maxMs).padStart(10)}`,
    ),
    '',
    findings.length === 0 ? 'The checker found nothing.' : `The checker found ${findings.length}:`,
    ...findings.map(({ rule, what }) => `  ${rule}: ${what}`),
  ]
  return lines.join('\n')
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
