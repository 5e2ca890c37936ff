import { insertLogLines, type NewLogLine } from '../db/step-logs.ts'
import type { Json } from '../workflow/definition.ts'
import { Batcher } from './batcher.ts'
import type { Engine } from './engine.ts'

/** Longer messages and data are cut, and say so. */
const MAX_MESSAGE_LENGTH = 4_096
const MAX_DATA_LENGTH = 16_384
/** Lines that may wait for Postgres at once in one worker; beyond that, lines are dropped and counted. */
const MAX_QUEUED_LINES = 10_000

/** Writes the lines of actions to `step_logs` in the background: an action never waits for its log. */
export class StepLogs {
  private readonly engine: Engine
  private readonly lines: Batcher<NewLogLine, true>
  private queued = 0

  constructor(engine: Engine) {
    this.engine = engine
    this.lines = new Batcher({
      name: 'log lines',
      inFlight: 1,
      maxItems: 1_000,
      log: engine.log,
      flush: async (lines) => {
        await insertLogLines(engine.db, lines)
        engine.changes.logs(new Set(lines.map((line) => line.runId)))
        return lines.map(() => true as const)
      },
    })
  }

  /** The `log` of one attempt. */
  logFor(attempt: { runId: string; stepIndex: number; attempt: number }) {
    const write = (level: NewLogLine['level']) => (message: string, data?: Json) => {
      this.add({ ...attempt, at: new Date().toISOString(), level, message: fit(message), data: fitData(data) })
    }
    return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  }

  /** Resolves when all lines are written. */
  drained(): Promise<void> {
    return this.lines.drained()
  }

  private add(line: NewLogLine): void {
    if (this.queued >= MAX_QUEUED_LINES) {
      this.engine.log.warn({ run: line.runId, step: line.stepIndex }, 'too many log lines at once: one was dropped')
      return
    }
    this.queued += 1
    this.lines
      .add(line)
      .catch((error: unknown) => this.engine.log.warn({ err: error }, 'a log line could not be written'))
      .finally(() => {
        this.queued -= 1
      })
  }
}

const NUL = /\u0000/g

function fit(text: string): string {
  const clean = text.replace(NUL, '\ufffd')
  return clean.length <= MAX_MESSAGE_LENGTH
    ? clean
    : `${clean.slice(0, MAX_MESSAGE_LENGTH)}… (${clean.length} characters)`
}

function fitData(data: Json | undefined): Json | undefined {
  if (data === undefined) return undefined
  try {
    const text = JSON.stringify(data)
    if (text.includes('\\u0000')) return JSON.parse(text.replaceAll('\\u0000', '\ufffd')) as Json
    return text.length <= MAX_DATA_LENGTH
      ? data
      : { truncated: text.slice(0, MAX_DATA_LENGTH), characters: text.length }
  } catch {
    return { unserializable: typeof data }
  }
}
