import fc from 'fast-check'
import type { DefinitionInput, Json } from '../../src/workflow/definition.ts'
import { validateDefinition } from '../../src/workflow/validate.ts'
import type { StepInput } from '../support/shapes.ts'

/** Random workflows: small, quick when nobody keeps them waiting, and of everything that the format has. */

/** What a sequence of commands is applied to. */
export interface Workflows {
  main: DefinitionInput
  /** What the `workflow` steps of `main` run. */
  child: DefinitionInput
}

/** Events that steps wait for. */
export const EVENTS = ['e0', 'e1'] as const
/** Who decides. */
export const PEOPLE = ['ann', 'bob'] as const

const MAIN = 'main'
const CHILD = 'child'

const seconds = (...values: number[]) => fc.constantFrom(...values)
const often = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(...others) })

type Part = Omit<StepInput, 'id' | 'depends_on' | 'join'>

const touchPart: fc.Arbitrary<Part> = fc
  .record({
    duration: seconds(0, 0, 0.05, 0.3),
    slow: often(0, 20, 150),
    retries: often(1, 0, 2),
    fail: often(0, 1, 2),
    compensates: fc.boolean(),
    timeout: often<number | undefined>(undefined, 0.2),
  })
  .map(({ duration, slow, retries, fail, compensates, timeout }) => ({
    config: { action: 'touch', duration_seconds: duration, max_retries: retries },
    input: { fail, slow_ms: slow },
    retry: { delay_seconds: 0.1 },
    ...(compensates ? { compensate: { action: 'touch', input: { fail: fail === 2 ? 0 : fail, slow_ms: 0 } } } : {}),
    ...(timeout === undefined ? {} : { timeout_seconds: timeout }),
  }))

const waitPart: fc.Arbitrary<Part> = seconds(0, 0.15, 0.5).map((value) => ({
  type: 'wait',
  config: { seconds: value },
}))

const eventPart: fc.Arbitrary<Part> = fc
  .record({
    event: fc.constantFrom(...EVENTS),
    match: often<string | undefined>(undefined, 'event.data.k == 1'),
    timeout: often<number | undefined>(undefined, 0.6),
  })
  .map(({ event, match, timeout }) => ({
    type: 'wait_event',
    config: { event, ...(match === undefined ? {} : { match }) },
    ...(timeout === undefined ? {} : { timeout_seconds: timeout }),
  }))

const approvalPart: fc.Arbitrary<Part> = fc
  .record({
    approvers: often<string[] | undefined>(undefined, [...PEOPLE]),
    quorum: often(1, 2),
    policy: often<string | undefined>(undefined, 'fail', 'approve', 'reject'),
  })
  .map(({ approvers, quorum, policy }) => ({
    type: 'approval',
    config: {
      quorum,
      ...(approvers === undefined ? {} : { approvers }),
      ...(policy === undefined ? {} : { timeout_seconds: 0.8, on_timeout: policy }),
    },
  }))

const conditionPart: fc.Arbitrary<Part> = fc.constantFrom('input.n > 1', 'input.n > 2', 'input.n < 9').map((value) => ({
  type: 'condition',
  config: { expression: value },
}))

const childPart: fc.Arbitrary<Part> = fc.constant({ type: 'workflow', config: { workflow: CHILD }, input: '$input' })

const mapPart: fc.Arbitrary<Part> = fc
  .record({
    items: fc.integer({ min: 0, max: 5 }),
    limit: often<number | undefined>(2, undefined, 1),
    inner: fc.oneof(
      { weight: 4, arbitrary: touchPart },
      { weight: 1, arbitrary: waitPart },
      { weight: 1, arbitrary: eventPart },
      { weight: 1, arbitrary: approvalPart },
      { weight: 1, arbitrary: childPart },
    ),
    tolerates: often(false, true),
  })
  .map(({ items, limit, inner, tolerates }) => ({
    type: 'map',
    config: {
      items: Array.from({ length: items }, (_, index) => index),
      step: { ...inner, ...(tolerates ? { on_error: 'continue' } : {}) } as Json,
      ...(limit === undefined ? {} : { concurrency: limit }),
    },
  }))

const plainPart: fc.Arbitrary<Part> = fc.constantFrom<Part>(
  { config: { duration_seconds: 0.1 } },
  { config: { duration_seconds: 1.2 } },
  { config: { duration_seconds: 0, fail_probability: 0.5, max_retries: 1 }, retry: { delay_seconds: 0.1 } },
  { type: 'transform', config: { output: { n: '$input.n' } } },
  { type: 'parallel' },
  { type: 'join' },
)

const anyPart = (withChild: boolean): fc.Arbitrary<Part> =>
  fc.oneof(
    { weight: 6, arbitrary: touchPart },
    { weight: 2, arbitrary: conditionPart },
    { weight: 2, arbitrary: approvalPart },
    { weight: 2, arbitrary: eventPart },
    { weight: 1, arbitrary: waitPart },
    { weight: 2, arbitrary: plainPart },
    ...(withChild
      ? [
          { weight: 2, arbitrary: mapPart },
          { weight: 2, arbitrary: childPart },
        ]
      : []),
  )

interface Draft {
  part: Part
  /** Places before its own, modulo. */
  dependencies: number[]
  join: 'all' | 'any' | 'none_failed' | 'always'
  when: string | undefined
  tolerated: boolean
  /** How an edge is conditional, where its other end allows. */
  edge: 'plain' | 'branch' | 'other branch' | 'when'
  /** Whether the step shows what the one before has done. */
  shows: boolean
}

const draftOf = (withChild: boolean): fc.Arbitrary<Draft> =>
  fc.record({
    part: anyPart(withChild),
    dependencies: fc.array(fc.nat(20), { maxLength: 3 }),
    join: often<Draft['join']>('all', 'any', 'none_failed', 'always'),
    when: often<string | undefined>(undefined, undefined, 'input.n > 2'),
    tolerated: often(false, false, true),
    edge: often<Draft['edge']>('plain', 'branch', 'other branch', 'when'),
    shows: fc.boolean(),
  })

function stepOf(draft: Draft, place: number, all: readonly Draft[]): StepInput {
  const { part, join, when, tolerated } = draft
  const before = place === 0 ? [] : [...new Set(draft.dependencies.map((raw) => raw % place))]
  const [first] = before
  const seen = draft.shows && first !== undefined && all[first]!.part.config?.['action'] === 'touch'
  const input = seen ? { ...(part.input as object | undefined), seen: `$s${first}.attempt?` } : part.input
  const takesInput = part.type === 'approval' || part.config?.['action'] === 'touch'
  return {
    ...part,
    id: `s${place}`,
    ...(seen && takesInput ? { input } : {}),
    depends_on: before.map((index) => edgeTo(index, all[index]!.part, draft.edge)),
    join,
    ...(when === undefined ? {} : { when }),
    on_error: tolerated ? 'continue' : 'fail',
  }
}

function edgeTo(index: number, part: Part, kind: Draft['edge']): NonNullable<StepInput['depends_on']>[number] {
  const step = `s${index}`
  if (kind === 'when') return { step, when: 'input.n < 4' }
  if (kind === 'plain' || part.type !== 'condition') return step
  return { step, branch: kind === 'branch' ? 'true' : 'false' }
}

/** `npm run model -- --sequencing segment`: all workflows so; else some. */
const SEQUENCING = process.env['MODEL_SEQUENCING'] as DefinitionInput['sequencing']

function workflow(name: string, size: { min: number; max: number }): fc.Arbitrary<DefinitionInput> {
  return fc
    .record({
      drafts: fc.array(draftOf(name === MAIN), { minLength: size.min, maxLength: size.max }),
      onFailure: fc.constantFrom('stop' as const, 'finish' as const),
      timeout: often<number | undefined>(undefined, undefined, undefined, 2.5),
      limit: often<number | undefined>(undefined, undefined, 1, 2),
      sequencing: fc.constantFrom('step' as const, 'segment' as const),
    })
    .map(({ drafts, onFailure, timeout, limit, sequencing }) => ({
      name,
      sequencing: SEQUENCING ?? sequencing,
      on_failure: onFailure,
      steps: drafts.map(stepOf),
      ...(timeout === undefined ? {} : { timeout_seconds: timeout }),
      ...(limit === undefined || name === CHILD ? {} : { concurrency: { limit } }),
    }))
    .filter((definition) => validateDefinition(definition, null).valid)
}

/** Any workflow of 2 to 8 steps, with what it may run as a child. */
export const workflows: fc.Arbitrary<Workflows> = fc.record({
  main: workflow(MAIN, { min: 2, max: 8 }),
  child: workflow(CHILD, { min: 1, max: 3 }),
})

/** The same workflows under names that nobody else uses. */
export function named({ main, child }: Workflows, name: string): Workflows {
  const childName = `${name}-${CHILD}`
  const rename = (step: StepInput): StepInput => {
    const inner = step.config?.['step'] as StepInput | undefined
    if (inner !== undefined) return { ...step, config: { ...step.config, step: rename(inner) as Json } }
    return step.type === 'workflow' ? { ...step, config: { ...step.config, workflow: childName } } : step
  }
  return { main: { ...main, name, steps: main.steps.map(rename) }, child: { ...child, name: childName } }
}
