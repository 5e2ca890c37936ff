import { expect, test } from 'vitest'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { describeOnEachBackend } from '../support/contract.ts'
import { disorder, statusesOf, stepOf } from '../support/run-record.ts'
import { noop, type StepInput } from '../support/shapes.ts'

const failing: Partial<StepInput> = { config: { duration_seconds: 0, fail_probability: 1 } }
const FINISH = { on_failure: 'finish' } as const

/** A definition, what each of its steps comes to, and why those were skipped that were. */
interface Case {
  name: string
  definition: Omit<DefinitionInput, 'name'>
  input?: Record<string, string | number | boolean>
  statuses: Record<string, string>
  reasons?: Record<string, string>
  run?: 'completed' | 'failed'
}

const branches: StepInput[] = [
  { id: 'size', type: 'condition', config: { expression: 'input.amount > 100' } },
  noop('big', [], { depends_on: [{ step: 'size', branch: 'true' }] }),
  noop('small', [], { depends_on: [{ step: 'size', branch: 'false' }] }),
]

const CASES: Case[] = [
  {
    name: 'join all: a step whose dependency failed is skipped',
    definition: { ...FINISH, steps: [noop('a', [], failing), noop('b'), noop('c', ['a', 'b'])] },
    statuses: { a: 'failed', b: 'completed', c: 'skipped' },
    reasons: { c: 'dependency a failed' },
    run: 'failed',
  },
  {
    name: 'join any: one completed dependency is enough',
    definition: { ...FINISH, steps: [noop('a', [], failing), noop('b'), noop('c', ['a', 'b'], { join: 'any' })] },
    statuses: { a: 'failed', b: 'completed', c: 'completed' },
    run: 'failed',
  },
  {
    name: 'join any: with no completed dependency the step is skipped',
    definition: {
      ...FINISH,
      steps: [noop('a', [], failing), noop('b', [], { when: 'input.yes' }), noop('c', ['a', 'b'], { join: 'any' })],
    },
    statuses: { a: 'failed', b: 'skipped', c: 'skipped' },
    run: 'failed',
  },
  {
    name: 'join none_failed: a skipped dependency is no matter',
    definition: {
      steps: [noop('a', [], { when: 'input.yes' }), noop('b'), noop('c', ['a', 'b'], { join: 'none_failed' })],
    },
    statuses: { a: 'skipped', b: 'completed', c: 'completed' },
  },
  {
    name: 'join none_failed: a failed dependency skips the step',
    definition: {
      ...FINISH,
      steps: [noop('a', [], failing), noop('b'), noop('c', ['a', 'b'], { join: 'none_failed' })],
    },
    statuses: { a: 'failed', b: 'completed', c: 'skipped' },
    reasons: { c: 'dependency a failed' },
    run: 'failed',
  },
  {
    name: 'join always: the step executes whatever became of its dependencies',
    definition: {
      ...FINISH,
      steps: [noop('a', [], failing), noop('b', [], { when: 'input.yes' }), noop('c', ['a', 'b'], { join: 'always' })],
    },
    statuses: { a: 'failed', b: 'skipped', c: 'completed' },
    run: 'failed',
  },
  {
    name: 'a skip goes on to all that depends on the step',
    definition: { steps: [noop('a', [], { when: 'input.yes' }), noop('b', ['a']), noop('c', ['b'])] },
    statuses: { a: 'skipped', b: 'skipped', c: 'skipped' },
    reasons: { a: 'its condition `when` does not hold', b: 'dependency a was skipped', c: 'dependency b was skipped' },
  },
  {
    name: 'a condition takes its true branch, and the branches join again',
    definition: { steps: [...branches, noop('end', ['big', 'small'], { join: 'any' })] },
    input: { amount: 500 },
    statuses: { size: 'completed', big: 'completed', small: 'skipped', end: 'completed' },
    reasons: { small: 'branch "false" of size was not taken' },
  },
  {
    name: 'a condition takes its false branch, and the branches join again',
    definition: { steps: [...branches, noop('end', ['big', 'small'], { join: 'none_failed' })] },
    input: { amount: 5 },
    statuses: { size: 'completed', big: 'skipped', small: 'completed', end: 'completed' },
    reasons: { big: 'branch "true" of size was not taken' },
  },
  {
    name: 'a condition that evaluates to a text takes the branch of that name',
    definition: {
      steps: [
        { id: 'route', type: 'condition', config: { expression: 'input.country' } },
        noop('de', [], { depends_on: [{ step: 'route', branch: 'DE' }] }),
        noop('fr', [], { depends_on: [{ step: 'route', branch: 'FR' }] }),
      ],
    },
    input: { country: 'FR' },
    statuses: { route: 'completed', de: 'skipped', fr: 'completed' },
  },
  {
    name: 'an edge is active only where its condition holds',
    definition: {
      steps: [
        { id: 'a', type: 'transform', config: { output: { n: '$input.n' } } },
        noop('low', [], { depends_on: [{ step: 'a', when: 'steps.a.output.n < 10' }] }),
        noop('high', [], { depends_on: [{ step: 'a', when: 'steps.a.output.n >= 10' }] }),
      ],
    },
    input: { n: 3 },
    statuses: { a: 'completed', low: 'completed', high: 'skipped' },
    reasons: { high: 'the condition on a does not hold' },
  },
  {
    name: 'a step whose `when` holds executes',
    definition: { steps: [noop('a'), noop('b', ['a'], { when: "steps.a.status == 'completed' && input.go" })] },
    input: { go: true },
    statuses: { a: 'completed', b: 'completed' },
  },
]

describeOnEachBackend({}, (engine) => {
  test.each(CASES)('$name', async ({ name, definition, input, statuses, reasons = {}, run: end = 'completed' }) => {
    const named = { name: name.replaceAll(/[^A-Za-z]+/g, '-').replace(/-$/, ''), ...definition }
    const run = await engine().run(named, { input: { yes: false, ...input } })
    expect(statusesOf(run)).toEqual(statuses)
    expect(run.status).toBe(end)
    for (const [id, reason] of Object.entries(reasons)) expect(stepOf(run, id).reason).toBe(reason)
    expect(disorder(run, named)).toEqual([])
  })

  test('a `when` that has no value fails the step, at once and for good', async () => {
    const run = await engine().run({
      name: 'when-throws',
      steps: [
        noop('a', [], { when: 'input.missing.deeper', config: { duration_seconds: 0, max_retries: 3 } }),
        noop('b', ['a']),
      ],
    })
    const step = stepOf(run, 'a')
    expect(step).toMatchObject({ status: 'failed', retry_count: 0, error: { code: 'expression' } })
    expect(step.error?.message).toContain('the condition `when` cannot be evaluated')
    expect(run).toMatchObject({ status: 'failed', error: { step_id: 'a' } })
  })

  test('a condition that is neither true, false nor a text fails the step', async () => {
    const run = await engine().run(
      {
        name: 'bad-condition',
        steps: [{ id: 'a', type: 'condition', config: { expression: 'input.n' } }],
      },
      { input: { n: 2 } },
    )
    expect(stepOf(run, 'a')).toMatchObject({ status: 'failed', error: { code: 'condition_result' } })
  })
})
