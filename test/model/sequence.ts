import { eventually } from '../support/eventually.ts'
import type { System } from '../support/system.ts'
import { named, PEOPLE, type Workflows } from './definitions.ts'
import { MINE, violations } from './invariants.ts'

/** How an answer to an operator looks; of a problem, `state` is that of the run. */
export interface Answer {
  status: number
  body: { id?: string; matched?: number; state?: string; status?: unknown; detail?: string; error?: unknown }
}

/** What all sequences on one system share. */
export interface Stage {
  readonly system: System
  /** Commands so far, by kind. */
  readonly counts: Map<string, number>
  /** Answers so far, as `kind status`. */
  readonly answers: Map<string, number>
  /** Kills one worker process, and starts another. */
  replaceWorker(): Promise<void>
}

/** A run as the operators see it in the tables. */
interface SeenRun {
  id: string
  status: string
  finished: boolean
  isRoot: boolean
}

/** Longest that nothing may happen in the runs of a sequence while something is to be done, on a machine that is very busy. */
const PATIENCE_MS = 60_000

let sequences = 0

/** Random workflows under names and a tag of their own, on a stage that other sequences use at the same time. */
export class Sequence {
  readonly tag = `q${(sequences += 1)}`
  readonly stage: Stage
  readonly workflows: Workflows
  private n: number

  constructor(stage: Stage, workflows: Workflows, n: number) {
    this.stage = stage
    this.workflows = named(workflows, this.tag)
    this.n = n
  }

  /** Registers the workflows, and starts the first run. */
  async begin(): Promise<void> {
    expectOk(await this.call('POST', 'workflows', this.workflows.child))
    expectOk(await this.call('POST', 'workflows', this.workflows.main))
    await this.startRun()
  }

  /** One more run of the main workflow. */
  async startRun(): Promise<void> {
    this.n = (this.n + 1) % 5
    const body = { input: { n: this.n }, tags: [this.tag] }
    expectOk(await this.call('POST', `workflows/${this.tag}/runs`, body))
  }

  /** A request as operators send it. */
  async call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.stage.system.url}/api/v1/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    return { status: response.status, body: (await response.json()) as Answer['body'] }
  }

  /** A control, noted with when it was sent and answered. Only 202 and 409 will do, or what `others` names. */
  async control(
    kind: string,
    run: string | null,
    path: string,
    body?: unknown,
    others: number[] = [],
  ): Promise<Answer> {
    const sent = Date.now()
    const answer = await this.call('POST', path, body)
    await this.query(
      `INSERT INTO controls (tag, run_id, kind, sent_at, answered_at, status)
       VALUES ($1, $2, $3, to_timestamp($4::float8 / 1000), to_timestamp($5::float8 / 1000), $6)`,
      [this.tag, run, kind, sent, Date.now() + 1, answer.status],
    )
    const key = `${kind} ${answer.status}`
    this.stage.answers.set(key, (this.stage.answers.get(key) ?? 0) + 1)
    if (![200, 202, 409, ...others].includes(answer.status)) {
      throw new Error(`${kind} of ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    }
    return answer
  }

  query<Row extends Record<string, unknown>>(text: string, values: unknown[]): Promise<Row[]> {
    return this.stage.system.database.query<Row>(text, values)
  }

  /** All runs of the sequence: those that were started, those that repeat them, and their child runs; oldest first. */
  runs(): Promise<SeenRun[]> {
    return this.query<SeenRun & Record<string, unknown>>(
      `${MINE} SELECT r.id, r.status, r.completed_at IS NOT NULL AS finished, m.id = m.root AS "isRoot"
       FROM mine m JOIN runs r ON r.id = m.id ORDER BY r.id`,
      [this.tag],
    )
  }

  /** How many changes of steps there have been. */
  async changes(): Promise<number> {
    const rows = await this.query<{ changes: number }>(
      `${MINE} SELECT count(*)::int AS changes FROM audit_steps a JOIN mine m ON m.id = a.run_id`,
      [this.tag],
    )
    return rows[0]!.changes
  }

  /** The open approvals of the sequence, and who may still decide. */
  async approvals(): Promise<{ run: string; step: string; people: string[] }[]> {
    const rows = await this.query<{ run: string; step: string; approvers: string[] | null; decided: string[] }>(
      `${MINE} SELECT a.run_id AS run, a.step_id AS step, a.approvers,
         ARRAY(SELECT d.decided_by FROM approval_decisions d WHERE d.approval_id = a.id) AS decided
       FROM mine m JOIN approvals a ON a.run_id = m.id WHERE a.status = 'open' ORDER BY a.id`,
      [this.tag],
    )
    return rows.map(({ run, step, approvers, decided }) => ({
      run,
      step,
      people: (approvers ?? [...PEOPLE]).filter((name) => !decided.includes(name)),
    }))
  }

  /** Throws with all that does not hold. */
  async check(atEnd = false): Promise<void> {
    const found = await violations(this.stage.system.database, this.tag, atEnd)
    if (found.length > 0) throw new Error(`${this.tag}:\n  ${found.join('\n  ')}`)
  }

  /** Gives whatever is waited for until every run has ended; throws where nothing happens for long. */
  async settle(): Promise<void> {
    const given = new Set<string>()
    for (let seen = -1, open = await this.unfinished(); open.length > 0; open = await this.unfinished()) {
      const stuck = open
      await eventually(
        async () => {
          await this.resolveParked(await this.unfinished(), given)
          const changes = await this.changes()
          if (changes === seen && (await this.unfinished()).length > 0) throw new Error(await this.describe(stuck))
          seen = changes
        },
        { timeoutMs: PATIENCE_MS, everyMs: 100, what: `something to happen in the runs of ${this.tag}` },
      )
    }
  }

  private async unfinished(): Promise<SeenRun[]> {
    return (await this.runs()).filter((run) => !run.finished)
  }

  private async resolveParked(open: readonly SeenRun[], given: Set<string>): Promise<void> {
    for (const run of open.filter(({ status }) => status === 'paused')) {
      await this.control('resume', run.id, `runs/${run.id}/resume`)
    }
    for (const { run, step, people } of await this.approvals()) {
      const by = people[0]
      const path = `runs/${run}/steps/${encodeURIComponent(step)}/approve`
      if (by !== undefined) await this.control('approve', run, path, { by })
    }
    const waiting = await this.query<{ run: string; step: string; attempt: number; event: string }>(
      `${MINE} SELECT s.run_id AS run, s.step_index AS step, s.attempt, s.waiting_for ->> 'event' AS event
       FROM mine m JOIN steps s ON s.run_id = m.id WHERE s.waiting_for ->> 'kind' = 'event'`,
      [this.tag],
    )
    // One event for each wait: those that come may be for another step that has waited longer, but there are as many.
    for (const { run, step, attempt, event } of waiting) {
      const key = `${run} ${step} ${attempt}`
      if (given.has(key)) continue
      const { status } = await this.control('event', run, `runs/${run}/events`, { name: event, data: { k: 1 } })
      if (status === 202) given.add(key)
    }
  }

  private async describe(open: readonly SeenRun[]): Promise<string> {
    const rows = await this.query(
      `SELECT s.run_id, r.status AS run, r.epoch, s.step_id, s.status, s.attempt, s.waiting_for, s.wake_at, s.retry_at FROM steps s JOIN runs r ON r.id = s.run_id
       WHERE s.run_id = ANY($1::uuid[]) AND s.completed_at IS NULL ORDER BY s.run_id, s.step_index`,
      [open.map((run) => run.id)],
    )
    return [...open, ...rows].map((row) => JSON.stringify(row)).join('\n')
  }
}

function expectOk({ status, body }: Answer): void {
  if (status >= 300) throw new Error(`it was answered ${status}: ${JSON.stringify(body)}`)
}
