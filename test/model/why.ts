import { eventually } from '../support/eventually.ts'
import type { Sequence } from './sequence.ts'

/** What `GET /runs/{id}/why` answers, as far as it is looked at. */
interface Why {
  reasons: Reason[]
  steps: { step_id: string; chain: Reason[] }[]
}
interface Reason {
  kind: string
  text: string
}

/** Longest that the queue may not know of a step that is due: the sweep looks at runs that have been quiet for 4 s. */
const REPAIRED_MS = 20_000
/** How a chain of reasons names what `steps.waiting_for` says. */
const NAMES: Readonly<Record<string, string>> = {
  timer: 'timer',
  approval: 'approval',
  event: 'event',
  run: 'run',
  items: 'items',
}

/** Throws where an unfinished run of the sequence, or a step of one, does not explain itself, or says what is not so. */
export async function checkWhy(sequence: Sequence): Promise<void> {
  const runs = await sequence.runs()
  await Promise.all(runs.filter((run) => !run.finished).map((run) => explains(sequence, run.id)))
}

/** Nothing explains a step whose job is lost, until the sweep brings it back: so it may take a while, but not for ever. */
async function explains(sequence: Sequence, id: string): Promise<void> {
  await eventually(
    async () => {
      const before = await parkedSteps(sequence, id)
      const { status, body } = await sequence.call('GET', `runs/${id}/why`)
      if (status !== 200) throw new Error(`it was answered ${status}: ${JSON.stringify(body)}`)
      const why = body as unknown as Why
      const bad = why.steps.filter(({ chain }) => chain.length === 0 || chain.at(-1)!.kind === 'unexplained')
      if (bad.length > 0 || why.reasons.some(({ kind }) => kind === 'unexplained')) throw new Error(JSON.stringify(why))
      const after = await parkedSteps(sequence, id)
      for (const [step, kind] of before) {
        if (after.get(step) === kind) requireNamed(why, step, NAMES[kind.split(' ')[0]!]!)
      }
    },
    { timeoutMs: REPAIRED_MS, everyMs: 250, what: `an explanation of run ${id}` },
  )
}

function requireNamed(why: Why, step: string, name: string): void {
  const found = why.steps.find(({ step_id: id }) => id === step)
  if (found?.chain.some(({ kind }) => kind === name) === true) return
  throw new Error(`step ${step} waits for its ${name}, which is not said: ${JSON.stringify(why)}`)
}

/** Kinds of what steps of a run that goes on wait for, with their attempts, where it has not come. */
async function parkedSteps(sequence: Sequence, id: string): Promise<Map<string, string>> {
  const rows = await sequence.query<{ step: string; kind: string }>(
    `SELECT s.step_id AS step, concat(s.waiting_for ->> 'kind', ' ', s.attempt) AS kind FROM steps s JOIN runs r ON r.id = s.run_id
     WHERE r.id = $1::uuid AND r.status IN ('queued', 'running', 'waiting') AND r.admitted_at IS NOT NULL AND r.halted_by IS NULL
       AND s.waiting_for IS NOT NULL AND (s.wake_at IS NULL OR s.wake_at > clock_timestamp())`,
    [id],
  )
  return new Map(rows.map((row) => [row.step, row.kind]))
}
