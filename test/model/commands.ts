import fc from 'fast-check'
import { eventually } from '../support/eventually.ts'
import { EVENTS, PEOPLE } from './definitions.ts'
import type { Answer, Sequence } from './sequence.ts'
import { checkWhy } from './why.ts'

/** What operators, other systems, machines and time do to the runs of a sequence. */

/** What the test itself knows: how much a sequence may still cost. */
export interface Model {
  runs: number
  kills: number
}

/** Runs that one sequence starts, and kills that it may ask for. */
const MOST_RUNS = 4
const MOST_KILLS = 2

type Command = fc.AsyncCommand<Model, Sequence>

/** A command; after each, all invariants are checked. */
function command(
  name: string,
  does: (sequence: Sequence, model: Model) => Promise<unknown>,
  check: (model: Model) => boolean = () => true,
): Command {
  const kind = name.split(' ')[0]!
  return {
    check,
    toString: () => name,
    async run(model, sequence) {
      const { counts } = sequence.stage
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
      await does(sequence, model)
      await sequence.check()
      await checkWhy(sequence)
    },
  }
}

/** A control of one of the sequence's runs, which `which` chooses. */
interface Control {
  verb: 'cancel' | 'pause' | 'resume' | 'retry'
  which: number
  /** Of a retry: the step to repeat from, by number; null: what failed. */
  from: number | null
}

/** In which states a control is refused; any other refusal is a mistake. */
const REFUSED: Readonly<Record<Control['verb'], (state: string) => boolean>> = {
  cancel: (state) => ['completed', 'failed', 'cancelled', 'cancelling'].includes(state),
  pause: (state) => ['completed', 'failed', 'cancelled', 'cancelling', 'paused'].includes(state),
  resume: (state) => state !== 'paused',
  retry: () => true,
}

async function perform(sequence: Sequence, { verb, which, from }: Control): Promise<void> {
  const runs = await sequence.runs()
  const run = runs[which % runs.length]
  if (run === undefined) return
  const body = verb === 'retry' && from !== null ? { from: `s${from}` } : undefined
  // A step that the workflow does not have is invalid input.
  const answer = await sequence.control(verb, run.id, `runs/${run.id}/${verb}`, body, body === undefined ? [] : [422])
  if (answer.status === 409) requireState(verb, answer)
}

function requireState(verb: Control['verb'], { body }: Answer): void {
  if (typeof body.state === 'string' && REFUSED[verb](body.state)) return
  throw new Error(`${verb} was refused in state ${String(body.state)}: ${String(body.detail)}`)
}

const control: fc.Arbitrary<Control> = fc.record({
  verb: fc.constantFrom('cancel', 'pause', 'resume', 'retry'),
  which: fc.nat(9),
  from: fc.oneof(fc.constant(null), fc.nat(5)),
})

const nameOf = ({ verb, which, from }: Control): string =>
  `${verb} run ${which}${verb === 'retry' && from !== null ? ` from s${from}` : ''}`

const oneControl = control.map((one) => command(nameOf(one), (sequence) => perform(sequence, one)))

/** Several operators at the same moment, on the same run more often than not. */
const conflict = fc
  .record({ controls: fc.array(control, { minLength: 2, maxLength: 3 }), same: fc.boolean() })
  .map(({ controls, same }) => {
    const all = controls.map((one) => (same ? { ...one, which: controls[0]!.which } : one))
    return command(`together: ${all.map(nameOf).join(', ')}`, (sequence) =>
      Promise.all(all.map((one) => perform(sequence, one))),
    )
  })

const rerun = fc.nat(9).map((which) =>
  command(
    `rerun run ${which}`,
    async (sequence, model) => {
      const roots = (await sequence.runs()).filter((run) => run.isRoot)
      const run = roots[which % roots.length]!
      model.runs += 1
      await sequence.control('rerun', run.id, `runs/${run.id}/rerun`)
    },
    (model) => model.runs < MOST_RUNS,
  ),
)

const start = fc.constant(
  command(
    'start another run',
    async (sequence, model) => {
      model.runs += 1
      await sequence.startRun()
    },
    (model) => model.runs < MOST_RUNS,
  ),
)

const bulk = fc.record({ action: fc.constantFrom('cancel', 'retry'), dryRun: fc.boolean() }).map(({ action, dryRun }) =>
  command(`bulk ${action}${dryRun ? ' (dry run)' : ''}`, (sequence) =>
    sequence.control(dryRun ? 'dry run' : `bulk ${action}`, null, 'runs/bulk', {
      action,
      filter: { tag: sequence.tag },
      dry_run: dryRun,
    }),
  ),
)

const decision = fc
  .record({
    verb: fc.constantFrom('approve', 'approve', 'approve', 'reject'),
    which: fc.nat(9),
    by: fc.constantFrom(...PEOPLE),
  })
  .map(({ verb, which, by }) =>
    command(`${verb} approval ${which} by ${by}`, async (sequence) => {
      const approvals = await sequence.approvals()
      const approval = approvals[which % Math.max(1, approvals.length)]
      if (approval === undefined) return
      // Whoever may not decide is told so.
      const path = `runs/${approval.run}/steps/${encodeURIComponent(approval.step)}/${verb}`
      await sequence.control(verb, approval.run, path, { by, data: { by } }, [403, 404])
    }),
  )

const event = fc
  .record({ which: fc.nat(9), name: fc.constantFrom(...EVENTS), k: fc.nat(1) })
  .map(({ which, name, k }) =>
    command(`event ${name} (k = ${k}) to run ${which}`, async (sequence) => {
      const runs = await sequence.runs()
      const { id } = runs[which % runs.length]!
      await sequence.control('event', id, `runs/${id}/events`, { name, data: { k } })
    }),
  )

const kill = fc.constant(
  command(
    'kill a worker',
    async (sequence, model) => {
      model.kills += 1
      await sequence.stage.replaceWorker()
    },
    (model) => model.kills < MOST_KILLS,
  ),
)

/** Time passes: until so many changes of steps have been seen, or nothing happens any more. */
const pass = fc.integer({ min: 1, max: 6 }).map((changes) =>
  command(`wait for ${changes} changes`, async (sequence) => {
    const seen = await sequence.changes()
    const moved = async () => (await sequence.changes()) >= seen + changes
    await eventually(moved, { timeoutMs: 600, everyMs: 30 }).catch(() => undefined)
  }),
)

/** Sequences of 1 to `most` commands. */
export function commandSequences(most: number): fc.Arbitrary<Iterable<Command>> {
  const any = fc.oneof(
    { weight: 8, arbitrary: pass },
    { weight: 7, arbitrary: oneControl },
    { weight: 3, arbitrary: conflict },
    { weight: 4, arbitrary: decision },
    { weight: 3, arbitrary: event },
    { weight: 2, arbitrary: start },
    { weight: 1, arbitrary: rerun },
    { weight: 2, arbitrary: bulk },
    { weight: 1, arbitrary: kill },
  )
  return fc.commands([any], { maxCommands: most, size: 'max' })
}
