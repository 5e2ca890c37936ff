import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileWorkflow, type CompiledWorkflow } from './compile.ts'
import type { Json } from './definition.ts'
import { CHAIN_STEPS, explain, questionsAbout } from './explain.ts'
import type { KnownRun, KnownStep } from './known-run.ts'
import { RUN_STATUSES, STEP_STATUSES, isFinished, isSettled, type StepStatus } from './states.ts'

const NOW = '2026-11-21T09:30:00.000Z'
const LATER = '2026-11-21T10:30:00.000Z'
const EARLIER = '2026-11-21T08:30:00.000Z'

const step = (id: string, dependencies: string[] = [], more: Record<string, Json> = {}) => ({
  id,
  depends_on: dependencies,
  ...more,
})
const versionOf = (...steps: Json[]) => compileWorkflow({ name: 'w', steps })

function runOf(workflow: CompiledWorkflow, more: Partial<KnownRun> = {}): KnownRun {
  const worker = { queues: ['default'], concurrency: 10, actions: [] }
  return {
    id: 'r',
    status: 'running',
    error: null,
    now: NOW,
    isQuiet: true,
    held: null,
    statuses: workflow.steps.map(() => 'pending'),
    busy: [],
    children: [],
    items: new Map(),
    approvals: new Map(),
    childRuns: new Map(),
    queue: { trouble: null, lost: new Set(), isRootLost: false, paused: new Set(), active: new Map() },
    workers: [worker],
    ...more,
  }
}

function busy(index: number, id: string, status: StepStatus, more: Partial<KnownStep> = {}): KnownStep {
  const times = { startedAt: EARLIER, retryAt: null, wakeAt: null }
  const place = { parentIndex: null, itemIndex: null }
  const rest = { attempt: 1, error: null, waitingFor: null, worker: 'host:1', isAlive: true }
  return { index, id, status, ...times, ...place, ...rest, ...more }
}

const chainOf = (workflow: CompiledWorkflow, run: KnownRun, id: string) =>
  explain(workflow, run).steps.find((each) => each.step_id === id)?.chain ?? []
const kindsOf = (workflow: CompiledWorkflow, run: KnownRun, id: string) =>
  chainOf(workflow, run, id).map((reason) => reason.kind)

describe('a chain', () => {
  const line = versionOf(step('a'), step('b', ['a']), step('c', ['b']))

  test('leads from a step to what is at the root', () => {
    const run = runOf(line, { statuses: ['running', 'pending', 'pending'], busy: [busy(0, 'a', 'running')] })
    expect(chainOf(line, run, 'c').map((reason) => reason.text)).toEqual([
      'Step c waits for step b, which is pending.',
      'Step b waits for step a, which is running.',
      'Step a has been running on worker host:1 since 2026-11-21T08:30:00.000Z (attempt 1).',
    ])
    expect(explain(line, run)).toMatchObject({
      text: 'The run is running: 3 steps have not settled. Step a has been running on worker host:1 since 2026-11-21T08:30:00.000Z (attempt 1).',
      reasons: [],
    })
  })

  test('goes on from what has settled', () => {
    const run = runOf(line, { statuses: ['completed', 'failed', 'pending'] })
    expect(chainOf(line, run, 'c')).toMatchObject([{ kind: 'worker', queue: 'default', alive: 1, busy: 0 }])
    expect(explain(line, run).steps).toHaveLength(1)
  })

  test('follows people before clocks, and clocks before work', () => {
    const workflow = versionOf(step('work'), step('clock'), step('people'), step('last', ['work', 'clock', 'people']))
    const approval = { approvers: null, quorum: 1, approvedBy: [], expiresAt: null }
    const run = runOf(workflow, {
      statuses: ['running', 'waiting', 'waiting', 'pending'],
      busy: [
        busy(0, 'work', 'running'),
        busy(1, 'clock', 'waiting', { waitingFor: { kind: 'timer', until: LATER }, wakeAt: LATER }),
        busy(2, 'people', 'waiting', { waitingFor: { kind: 'approval', approval_id: 'x' } }),
      ],
      approvals: new Map([['x', approval]]),
    })
    expect(chainOf(workflow, run, 'last')).toMatchObject([{ kind: 'step', step_id: 'people' }, { kind: 'approval' }])
  })

  test.each([
    [10_000, CHAIN_STEPS.ofMany, 's9996 waits, by way of 9,995 more steps, for'],
    [30, CHAIN_STEPS.ofFew, 's10 waits, by way of 9 more steps, for'],
  ])('of %i steps shows its beginning and its root', (size, most, text) => {
    const ids = Array.from({ length: size }, (_, index) => `s${index}`)
    const workflow = versionOf(...ids.map((id, index) => step(id, index === 0 ? [] : [`s${index - 1}`])))
    const run = runOf(workflow, {
      statuses: ids.map((_, n) => (n === 0 ? 'running' : 'pending')),
      busy: [busy(0, 's0', 'running')],
    })
    const before = process.cpuUsage()
    const { steps } = explain(workflow, run)
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(800)
    expect(steps).toHaveLength(size)
    const last = steps.at(-1)?.chain ?? []
    expect(last).toHaveLength(most + 1)
    expect(last.at(-2)).toMatchObject({ kind: 'step', step_id: 's0', skipped: size - most - 1 })
    expect(last.at(-2)?.text).toBe(`Step ${text} step s0, which is running.`)
    expect(last.at(-1)).toMatchObject({ kind: 'running' })
    expect(steps[most]?.chain.every((reason) => reason.kind !== 'step' || reason.skipped === undefined)).toBe(true)
  })
})

describe('a step that is due', () => {
  const one = versionOf(step('a', [], { config: { action: 'charge' }, queue: 'gpu' }))
  const worker = { queues: ['gpu'], concurrency: 2, actions: ['charge'] }
  const queue = runOf(one).queue

  test.each<[string, Partial<KnownRun>, object]>([
    [
      'has no worker of its queue',
      { workers: [{ ...worker, queues: ['cpu'] }] },
      { kind: 'worker', alive: 0, action: null },
    ],
    [
      'has no worker with its action',
      { workers: [{ ...worker, actions: [] }] },
      { kind: 'worker', alive: 0, action: 'charge' },
    ],
    [
      'has busy workers only',
      { workers: [worker, worker], queue: { ...queue, active: new Map([['gpu', 4]]) } },
      { kind: 'worker', alive: 2, busy: 2 },
    ],
    [
      'is about to be taken',
      { workers: [worker, worker], queue: { ...queue, active: new Map([['gpu', 3]]) } },
      { kind: 'worker', alive: 2, busy: 0 },
    ],
    ['has a queue that is paused', { queue: { ...queue, paused: new Set(['gpu']) } }, { kind: 'queue' }],
    [
      'has a queue that is away',
      { queue: { ...queue, trouble: 'The queue does not answer.' } },
      { kind: 'queue', text: 'The queue does not answer.' },
    ],
    ['has no job', { queue: { ...queue, lost: new Set(['a']) } }, { kind: 'unexplained' }],
    ['is of a run that is paused', { status: 'paused' }, { kind: 'paused' }],
    ['is of a run for later', { status: 'queued', held: { kind: 'start', at: LATER } }, { kind: 'start', at: LATER }],
    [
      'is of a run without a slot',
      { status: 'queued', held: { kind: 'slot', key: '', limit: 1, heldBy: ['x'], ahead: 1 } },
      { kind: 'slot', text: 'The run waits for one of 1 slot: held by x; 1 older run is ahead of it.' },
    ],
  ])('%s', (_name, more, expected) => {
    expect(chainOf(one, runOf(one, more), 'a')).toEqual([expect.objectContaining(expected)])
  })

  test('asks of the queue and its workers; what is held back asks of nothing', () => {
    expect(questionsAbout(one, runOf(one))).toEqual({
      due: [{ id: 'a', carrier: 'a', queue: 'gpu', action: 'charge' }],
      isEnding: false,
    })
    expect(questionsAbout(one, runOf(one, { status: 'paused' }))).toEqual({ due: [], isEnding: false })
    expect(questionsAbout(one, runOf(one, { statuses: ['completed'] }))).toEqual({ due: [], isEnding: true })
  })
})

describe('a step that was begun', () => {
  const one = versionOf(step('a', [], { config: { event: 'paid', match: 'event.data.n > 1' } }))
  const begun = (status: StepStatus, parts: Partial<KnownStep>, more: Partial<KnownRun> = {}) =>
    chainOf(one, runOf(one, { statuses: [status], busy: [busy(0, 'a', status, parts)], ...more }), 'a')
  const kinds = (...given: Parameters<typeof begun>) => begun(...given).map((reason) => reason.kind)

  test('by a worker that fell silent waits for another', () => {
    expect(kinds('running', { isAlive: false })).toEqual(['running', 'worker'])
    expect(begun('running', { isAlive: false })[0]?.text).toContain('has fallen silent')
  })

  test('and runs on while its run is cancelled says so', () => {
    expect(kinds('running', {}, { status: 'cancelling' })).toEqual(['running', 'cancelling'])
  })

  test('waits for its next attempt, and then for a worker', () => {
    const failed = { retryAt: LATER, error: 'no' }
    expect(begun('retrying', failed)).toMatchObject([{ kind: 'retry', at: LATER, attempt: 1, error: 'no' }])
    expect(kinds('retrying', { ...failed, retryAt: EARLIER })).toEqual(['retry', 'worker'])
    expect(kinds('retrying', failed, { status: 'paused' })).toEqual(['retry', 'paused'])
  })

  test('waits for an event that matches, for so long', () => {
    expect(begun('waiting', { waitingFor: { kind: 'event', event: 'paid' }, wakeAt: LATER })).toMatchObject([
      { kind: 'event', name: 'paid', match: 'event.data.n > 1', expires_at: LATER },
    ])
  })

  test('waits for a child run, also where that is about to start', () => {
    const waitingFor = { kind: 'run', run_id: 'c' } as const
    expect(begun('waiting', { waitingFor }, { childRuns: new Map([['c', 'paused']]) })).toMatchObject([
      { kind: 'run', status: 'paused' },
    ])
    expect(begun('waiting', { waitingFor }, { isQuiet: false })).toMatchObject([{ kind: 'run', status: null }])
  })

  test('whose time has come waits for a worker', () => {
    expect(kinds('waiting', { waitingFor: { kind: 'timer', until: EARLIER }, wakeAt: EARLIER })).toEqual([
      'timer',
      'worker',
    ])
  })

  test.each<[string, Partial<KnownStep>, Partial<KnownRun>]>([
    ['an approval that is not open', { waitingFor: { kind: 'approval', approval_id: 'x' } }, {}],
    [
      'a child run that has ended',
      { waitingFor: { kind: 'run', run_id: 'c' } },
      { childRuns: new Map([['c', 'completed']]) },
    ],
    ['a child run that never began', { waitingFor: { kind: 'run', run_id: 'c' } }, {}],
    ['a timer without a time', { waitingFor: { kind: 'timer', until: LATER } }, {}],
    ['nothing', {}, {}],
  ])('and waits for %s is unexplained, once its run is quiet', (_name, parts, more) => {
    expect(kinds('waiting', parts, more)).toEqual(['unexplained'])
    expect(kinds('waiting', parts, { ...more, isQuiet: false })).not.toContain('unexplained')
    expect(kinds('waiting', parts, { ...more, status: 'paused' })).toEqual(['paused'])
  })
})

describe('items and compensations', () => {
  const inner = { type: 'map', config: { items: '$item', step: { type: 'wait', config: { seconds: 9 } } } }
  const map = versionOf(
    step('m', [], { type: 'map', config: { items: [1, 2, 3], concurrency: 2, step: inner } }),
    step('z', ['m']),
  )
  const items = { kind: 'items', count: 3 } as const

  test('a map leads to the item that waits the most, through maps within it', () => {
    const run = runOf(map, {
      statuses: ['waiting', 'pending'],
      busy: [busy(0, 'm', 'waiting', { waitingFor: items })],
      children: [
        busy(2, 'm[0]', 'running', { parentIndex: 0, itemIndex: 0 }),
        busy(3, 'm[1]', 'waiting', { parentIndex: 0, itemIndex: 1, waitingFor: items }),
        busy(4, 'm[2]', 'pending', { parentIndex: 0, itemIndex: 2 }),
        busy(5, 'm[1][0]', 'waiting', {
          parentIndex: 3,
          itemIndex: 0,
          waitingFor: { kind: 'timer', until: LATER },
          wakeAt: LATER,
        }),
      ],
      items: new Map([
        [0, { total: 3, settled: 0, running: 1, failed: 0 }],
        [3, { total: 1, settled: 0, running: 0, failed: 0 }],
      ]),
    })
    expect(kindsOf(map, run, 'z')).toEqual(['step', 'items', 'step', 'items', 'step', 'timer'])
    expect(chainOf(map, run, 'z').map((reason) => reason.kind === 'step' && reason.step_id)).toEqual([
      'm',
      false,
      'm[1]',
      false,
      'm[1][0]',
      false,
    ])
    expect(chainOf(map, run, 'm[2]')).toMatchObject([
      {
        kind: 'items',
        text: 'Item m[2] waits for its turn: at most 2 items of m may be under way at once; 0 of 3 have settled, 1 is running.',
      },
    ])
  })

  test('compensations wait for the one before', () => {
    const saga = versionOf(
      step('a', [], { compensate: { action: 'undo' } }),
      step('b', ['a'], { compensate: { action: 'undo' } }),
    )
    const run = runOf(saga, {
      statuses: ['completed', 'completed'],
      children: [
        busy(2, 'b.compensate', 'running', { parentIndex: 1 }),
        busy(3, 'a.compensate', 'pending', { parentIndex: 0 }),
      ],
    })
    expect(chainOf(saga, run, 'a.compensate')).toMatchObject([
      { kind: 'step', step_id: 'b.compensate' },
      { kind: 'running' },
    ])
  })
})

describe('a run', () => {
  const one = versionOf(step('a'))

  test('that has ended waits for nothing', () => {
    const failed = { status: 'failed', error: 'card declined', statuses: ['failed'] } as const
    expect(explain(one, runOf(one, failed))).toEqual({
      text: 'The run is failed: card declined.',
      reasons: [],
      steps: [],
    })
  })

  test('whose steps have settled is about to end, waits for a worker, or is unexplained', () => {
    const settled = runOf(one, { statuses: ['completed'] })
    const reasons = (more: Partial<KnownRun>) => explain(one, { ...settled, ...more }).reasons.map(({ kind }) => kind)
    expect(reasons({})).toEqual([])
    expect(explain(one, settled).text).toContain('about to end')
    expect(reasons({ workers: [] })).toEqual(['worker'])
    expect(reasons({ queue: { ...settled.queue, isRootLost: true } })).toEqual(['unexplained'])
  })
})

/** A random run: a graph, and for each step any state at all, whether or not these fit together. */
const anyRun = fc
  .array(fc.record({ edges: fc.array(fc.nat(20), { maxLength: 4 }), status: fc.constantFrom(...STEP_STATUSES) }), {
    minLength: 1,
    maxLength: 15,
  })
  .map((nodes) => ({
    workflow: versionOf(
      ...nodes.map(({ edges }, index) =>
        step(`s${index}`, [...new Set(edges.filter((edge) => edge < index).map((edge) => `s${edge}`))]),
      ),
    ),
    statuses: nodes.map((node) => node.status),
  }))

test('every unsettled step of any run has a chain that ends with what is no step', () => {
  fc.assert(
    fc.property(anyRun, fc.constantFrom(...RUN_STATUSES), fc.boolean(), ({ workflow, statuses }, status, isQuiet) => {
      const rows = statuses.flatMap((each, index) =>
        each === 'pending' || isSettled(each) ? [] : [busy(index, `s${index}`, each)],
      )
      const { steps, text } = explain(workflow, runOf(workflow, { statuses, status, isQuiet, busy: rows }))
      expect(text).not.toBe('')
      expect(steps).toHaveLength(isFinished(status) ? 0 : statuses.filter((each) => !isSettled(each)).length)
      for (const { chain } of steps) {
        const named = chain.flatMap((reason) => (reason.kind === 'step' ? reason.step_id : []))
        expect(new Set(named).size).toBe(named.length)
        expect(chain.at(-1)?.kind).not.toBe('step')
        expect(chain.length).toBeGreaterThan(0)
      }
    }),
  )
})
