import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, type Condition, type Decision, type DependencyFacts, type RunFacts, type StepFacts } from './decide.ts'
import { JOINS, type Join } from './definition.ts'
import { isSettled, RUN_STATUSES, SETTLED_STEP_STATUSES, STEP_STATUSES } from './states.ts'

const holds: Condition = () => true
const fails: Condition = () => false
const breaks: Condition = () => {
  throw new Error('there is no "x" in input')
}
const isNotAsked: Condition = () => {
  throw new Error('was evaluated')
}

const running: RunFacts = { status: 'running', jobEpoch: 1, epoch: 1, haltedBy: null }
const pending: StepFacts = { id: 's', status: 'pending', join: 'all' }

function edge(id: string, status: DependencyFacts['status'], more: Partial<DependencyFacts> = {}): DependencyFacts {
  return { id, status, tolerated: false, ...more }
}

const completed = edge('a', 'completed')
const failed = edge('b', 'failed')
const skipped = edge('c', 'skipped')
const tolerated = edge('d', 'failed', { tolerated: true })
const untaken = edge('e', 'completed', { branch: { wanted: 'true', taken: 'false' } })
const unmet = edge('f', 'completed', { condition: fails })
const broken = edge('g', 'completed', { condition: breaks })

describe('the rows of the table, in order', () => {
  const waiting = edge('w', 'running')
  const rows: [string, Partial<StepFacts>, DependencyFacts[], Partial<RunFacts>, Decision][] = [
    [
      'a job of an older epoch is stale, whatever else holds',
      { status: 'completed' },
      [waiting],
      { epoch: 2, status: 'cancelled' },
      { kind: 'stale' },
    ],
    ['a settled step stays settled', { status: 'failed' }, [waiting], { status: 'cancelled' }, { kind: 'settled' }],
    [
      'a cancelling run cancels, without waiting for dependencies',
      {},
      [waiting],
      { status: 'cancelling' },
      { kind: 'cancel', reason: 'the run was cancelled' },
    ],
    [
      'a run that has ended cancels what is left',
      {},
      [waiting],
      { status: 'failed' },
      { kind: 'cancel', reason: 'the run has ended: it is failed' },
    ],
    ['a paused run starts no step', {}, [waiting], { status: 'paused' }, { kind: 'stale' }],
    [
      'a job that comes before its dependencies have settled waits for them',
      {},
      [completed, waiting, edge('v', 'pending'), waiting],
      { haltedBy: 'x' },
      { kind: 'wait', for: ['w', 'v'] },
    ],
    [
      'a run that stopped on a failure skips',
      { join: 'always' },
      [completed],
      { haltedBy: 'x' },
      { kind: 'skip', reason: 'step x failed and the workflow stops on failure' },
    ],
    ['a closed join skips', { when: isNotAsked }, [failed], {}, { kind: 'skip', reason: 'dependency b failed' }],
    [
      'an undecidable join fails',
      { when: isNotAsked },
      [broken],
      {},
      {
        kind: 'fail',
        error: {
          code: 'expression',
          message: 'the condition on g cannot be evaluated: there is no "x" in input',
        },
      },
    ],
    [
      'a `when` that is false skips',
      { when: fails },
      [completed],
      {},
      { kind: 'skip', reason: 'its condition `when` does not hold' },
    ],
    [
      'a `when` that cannot be evaluated fails',
      { when: breaks },
      [completed],
      {},
      {
        kind: 'fail',
        error: {
          code: 'expression',
          message: 'the condition `when` cannot be evaluated: there is no "x" in input',
        },
      },
    ],
    ['otherwise the step executes', { when: holds }, [completed], {}, { kind: 'execute' }],
  ]

  test.each(rows)('%s', (_, step, dependencies, run, decision) => {
    expect(decide({ ...pending, ...step }, dependencies, { ...running, ...run })).toEqual(decision)
  })

  test.each(['queued', 'running', 'waiting'] as const)('a %s run goes on', (status) => {
    expect(decide(pending, [completed], { ...running, status }).kind).toBe('execute')
  })

  test.each(['pending', 'running', 'retrying', 'waiting'] as const)('a %s step can execute', (status) => {
    expect(decide({ ...pending, status }, [], running).kind).toBe('execute')
  })
})

describe('joins', () => {
  const table: [string, DependencyFacts[], Record<Join, Decision['kind']>][] = [
    ['no dependencies', [], { all: 'execute', any: 'execute', none_failed: 'execute', always: 'execute' }],
    ['all completed', [completed], { all: 'execute', any: 'execute', none_failed: 'execute', always: 'execute' }],
    ['one failed', [completed, failed], { all: 'skip', any: 'execute', none_failed: 'skip', always: 'execute' }],
    ['all failed', [failed], { all: 'skip', any: 'skip', none_failed: 'skip', always: 'execute' }],
    ['one skipped', [completed, skipped], { all: 'skip', any: 'execute', none_failed: 'execute', always: 'execute' }],
    ['all skipped', [skipped], { all: 'skip', any: 'skip', none_failed: 'skip', always: 'execute' }],
    [
      'a failure that is tolerated',
      [tolerated],
      { all: 'execute', any: 'execute', none_failed: 'execute', always: 'execute' },
    ],
    [
      'a cancelled one that would have been tolerated',
      [completed, edge('x', 'cancelled', { tolerated: true })],
      { all: 'skip', any: 'execute', none_failed: 'skip', always: 'execute' },
    ],
    [
      'a branch that was not taken',
      [completed, untaken],
      { all: 'skip', any: 'execute', none_failed: 'execute', always: 'execute' },
    ],
    [
      'a condition that does not hold',
      [completed, unmet],
      { all: 'skip', any: 'execute', none_failed: 'execute', always: 'execute' },
    ],
    [
      'a condition without a value, beside one that completed',
      [completed, broken],
      { all: 'fail', any: 'execute', none_failed: 'execute', always: 'execute' },
    ],
    [
      'a condition without a value, beside one that was skipped',
      [skipped, broken],
      { all: 'skip', any: 'fail', none_failed: 'fail', always: 'execute' },
    ],
    [
      'a condition without a value, beside one that failed',
      [failed, broken],
      { all: 'skip', any: 'fail', none_failed: 'skip', always: 'execute' },
    ],
  ]
  const cells = table.flatMap(([name, dependencies, kinds]) =>
    JOINS.map((join) => [name, join, kinds[join], dependencies] as const),
  )

  test.each(cells)('%s: join %s gives %s', (_, join, kind, dependencies) => {
    expect(decide({ ...pending, join }, dependencies, running).kind).toBe(kind)
  })
})

describe('edges', () => {
  const reasons: [string, DependencyFacts][] = [
    ['dependency b failed', failed],
    ['dependency x was cancelled', edge('x', 'cancelled')],
    ['dependency c was skipped', skipped],
    ['branch "true" of e was not taken', untaken],
    ['the condition on f does not hold', unmet],
    [
      'branch "true" of x was not taken',
      edge('x', 'failed', { tolerated: true, branch: { wanted: 'true', taken: 'true' } }),
    ],
  ]

  test.each(reasons)('a step is skipped because %s', (reason, dependency) => {
    expect(decide(pending, [completed, dependency], running)).toEqual({ kind: 'skip', reason })
  })

  test('the reason is that of the first edge in the way', () => {
    expect(decide(pending, [completed, skipped, failed], running)).toEqual({
      kind: 'skip',
      reason: 'dependency c was skipped',
    })
    expect(decide({ ...pending, join: 'none_failed' }, [skipped, failed], running)).toEqual({
      kind: 'skip',
      reason: 'dependency b failed',
    })
  })

  test('a taken branch whose condition holds is active', () => {
    const active = edge('x', 'completed', { branch: { wanted: 'true', taken: 'true' }, condition: holds })
    expect(decide(pending, [active], running).kind).toBe('execute')
  })

  test('a condition is evaluated on a failure that is tolerated', () => {
    expect(decide(pending, [{ ...tolerated, condition: fails }], running).kind).toBe('skip')
    expect(decide(pending, [{ ...tolerated, condition: holds }], running).kind).toBe('execute')
  })

  test.each([
    edge('x', 'failed', { condition: isNotAsked }),
    edge('x', 'skipped', { condition: isNotAsked }),
    edge('x', 'cancelled', { condition: isNotAsked }),
    { ...untaken, condition: isNotAsked },
  ])('no condition is evaluated on a dependency that did not complete, or took another branch', (dependency) => {
    expect(decide({ ...pending, join: 'any' }, [dependency], running).kind).toBe('skip')
  })
})

describe('for any facts', () => {
  const condition = fc.option(fc.constantFrom<Condition>(holds, fails, breaks), { nil: undefined })
  const branch = fc.constantFrom('true', 'false')
  const dependencies = (statuses: readonly DependencyFacts['status'][]) =>
    fc.array(
      fc.record({
        id: fc.string({ maxLength: 3 }),
        status: fc.constantFrom(...statuses),
        tolerated: fc.boolean(),
        condition,
        branch: fc.option(fc.record({ wanted: branch, taken: fc.option(branch) }), { nil: undefined }),
      }),
      { maxLength: 6 },
    )
  const steps = fc.record({
    id: fc.string(),
    status: fc.constantFrom(...STEP_STATUSES),
    join: fc.constantFrom(...JOINS),
    when: condition,
  })
  const runs = fc.record({
    status: fc.constantFrom(...RUN_STATUSES),
    jobEpoch: fc.nat(2),
    epoch: fc.nat(2),
    haltedBy: fc.option(fc.string()),
  })
  const KINDS: Decision['kind'][] = ['execute', 'settled', 'stale', 'skip', 'cancel', 'fail', 'wait']

  test('there is a decision, the same every time', () => {
    fc.assert(
      fc.property(steps, dependencies(STEP_STATUSES), runs, (step, edges, run) => {
        const decision = decide(step, edges, run)
        expect(KINDS).toContain(decision.kind)
        expect(decide(step, edges, run)).toEqual(decision)
      }),
    )
  })

  test('a settled step is never revoked', () => {
    fc.assert(
      fc.property(
        steps.filter((step) => isSettled(step.status)),
        dependencies(STEP_STATUSES),
        runs,
        (step, edges, run) => {
          expect(['settled', 'stale']).toContain(decide(step, edges, run).kind)
        },
      ),
    )
  })

  test('nothing executes before its dependencies have settled', () => {
    fc.assert(
      fc.property(steps, dependencies(STEP_STATUSES), runs, (step, edges, run) => {
        const isReady = edges.every((each) => isSettled(each.status))
        expect(isReady || !['execute', 'skip', 'fail'].includes(decide(step, edges, run).kind)).toBe(true)
      }),
    )
  })

  test('the order of the dependencies does not change the kind', () => {
    const shuffled = dependencies(SETTLED_STEP_STATUSES).chain((edges) =>
      fc.tuple(fc.constant(edges), fc.shuffledSubarray(edges, { minLength: edges.length, maxLength: edges.length })),
    )
    fc.assert(
      fc.property(steps, shuffled, runs, (step, [edges, others], run) => {
        expect(decide(step, others, run).kind).toBe(decide(step, edges, run).kind)
      }),
    )
  })
})
