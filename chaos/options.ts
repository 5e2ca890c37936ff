import { parseArgs } from 'node:util'
import { randomInt } from 'node:crypto'
import type { QueueBackend } from '../src/queue/connection.ts'

/** What `npm run chaos` was asked for. */
export interface ChaosOptions {
  /** How long there is load, and faults. */
  durationMs: number
  seed: number
  apis: number
  workers: number
  backend: QueueBackend
  sequencing: 'step' | 'segment'
  /** LOCK_DURATION_MS of the workers. */
  lockMs: number
  /** Runs begun in a second. */
  rate: number
  /** Runs that are begun at once, and stand about for most of the time. */
  herd: number
  /** Takes the report as JSON. */
  jsonFile: string | undefined
  /** Takes what the processes print. */
  logFile: string | undefined
}

const MINUTE_MS = 60_000

/** Reads the command line. Throws with what is expected where something is not. */
export function parseOptions(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      apis: { type: 'string', default: '2' },
      workers: { type: 'string', default: '3' },
      backend: { type: 'string', default: 'redis' },
      sequencing: { type: 'string', default: 'step' },
      'lock-ms': { type: 'string', default: '5000' },
      rate: { type: 'string', default: '8' },
      herd: { type: 'string', default: '280' },
      json: { type: 'string' },
      log: { type: 'string' },
    },
  })
  return {
    durationMs:
      values.minutes === undefined
        ? number('--seconds', values.seconds, 5, 24 * 3_600) * 1_000
        : number('--minutes', values.minutes, 0.1, 24 * 60) * MINUTE_MS,
    seed: values.seed === undefined ? randomInt(1, 1_000_000_000) : number('--seed', values.seed, 0, 2 ** 48),
    apis: number('--apis', values.apis, 1, 16),
    workers: number('--workers', values.workers, 1, 64),
    backend: oneOf('--backend', values.backend, ['redis', 'postgres']),
    sequencing: oneOf('--sequencing', values.sequencing, ['step', 'segment']),
    lockMs: number('--lock-ms', values['lock-ms'], 1_000, 10 * MINUTE_MS),
    rate: number('--rate', values.rate, 0.1, 1_000),
    herd: number('--herd', values.herd, 0, 10_000),
    jsonFile: values.json,
    logFile: values.log,
  }
}

function number(flag: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= least && value <= most) return value
  throw new Error(`${flag} is "${text}": expected a number from ${least} to ${most}`)
}

function oneOf<Word extends string>(flag: string, text: string, words: readonly Word[]): Word {
  const word = words.find((word) => word === text)
  if (word !== undefined) return word
  throw new Error(`${flag} is "${text}": expected ${words.join(' or ')}`)
}
