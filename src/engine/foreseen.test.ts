import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { CompiledStep } from '../workflow/compile.ts'
import type { RunStatus } from '../workflow/states.ts'
import type { Activation } from './activate.ts'
import { Foreseen } from './foreseen.ts'
import { QUIET_MS } from './quiet.ts'

const NOW = '2026-11-22 03:01:02.123456+00'

function stepOf(id: string, dependencies: readonly number[], index = 9, needsOrder = false): CompiledStep {
  const edges = dependencies.map((one) => ({ index: one }))
  return { id, index, needs: dependencies, dependencies: edges, needsOrder } as unknown as CompiledStep
}

/** Of a workflow whose steps 1 and 2 depend on 0, 3 on both 0 and 1; of these 2 is late. */
const STEPS = [stepOf('first', [], 0), stepOf('second', [0], 1), stepOf('late', [0], 2), stepOf('join', [0, 1], 3)]
const RUN = {
  jobEpoch: 1,
  workflow: {
    steps: STEPS,
    indexOf: new Map(STEPS.map(({ id, index }) => [id, index])),
    firstShape: { late: [false, false, true, false] },
  },
}

/** Keeps steps of a run that depend on step 0, of which it has been noted how it completed. */
function keep(
  foreseen: Foreseen,
  run: string,
  ids: readonly string[],
  askedMs = performance.now(),
  runStatus: RunStatus = 'running',
): void {
  foreseen.note({ run, epoch: 1 }, 0, { output: '{"n":1}', outputBytes: 7, branch: 'left' })
  const state = { runStatus, epoch: 1, haltedBy: null, now: NOW }
  foreseen.keep(
    { run: { ...RUN, run: { id: run } } as unknown as Activation, state, askedMs },
    ids.map((id) => stepOf(id, [0])),
  )
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('what a commit has told about the next step', () => {
  test('is taken once, with the time that has passed since', () => {
    const foreseen = new Foreseen()
    keep(foreseen, 'r', ['a'])
    vi.advanceTimersByTime(40)
    const taken = foreseen.take({ run: 'r', step: 'a', epoch: 1 })
    expect(taken?.row.now).toBe('2026-11-22T03:01:02.163456Z')
    expect(foreseen.take({ run: 'r', step: 'a', epoch: 1 })).toBeNull()
  })

  test('is not for a job of another epoch, nor for another step', () => {
    const foreseen = new Foreseen()
    keep(foreseen, 'r', ['a', 'b'])
    expect(foreseen.take({ run: 'r', step: 'a', epoch: 2 })).toBeNull()
    expect(foreseen.take({ run: 'r', step: 'c', epoch: 1 })).toBeNull()
    expect(foreseen.take({ run: 's', step: 'b', epoch: 1 })).toBeNull()
    expect(foreseen.take({ run: 'r', step: 'b', epoch: 1 })).not.toBeNull()
  })

  test('is good until the sweep may look', () => {
    const foreseen = new Foreseen()
    keep(foreseen, 'r', ['a', 'b'])
    vi.advanceTimersByTime(QUIET_MS)
    expect(foreseen.take({ run: 'r', step: 'a', epoch: 1 })).not.toBeNull()
    vi.advanceTimersByTime(1)
    expect(foreseen.take({ run: 'r', step: 'b', epoch: 1 })).toBeNull()
  })

  test('is good for longer where something was told of the run since', () => {
    const foreseen = new Foreseen()
    keep(foreseen, 'r', ['a'])
    vi.advanceTimersByTime(QUIET_MS)
    keep(foreseen, 'r', ['b'])
    vi.advanceTimersByTime(QUIET_MS)
    expect(foreseen.take({ run: 'r', step: 'a', epoch: 1 })).not.toBeNull()
  })

  test('is as the newest statement has told, whichever is answered last', () => {
    const foreseen = new Foreseen()
    const askedMs = performance.now()
    vi.advanceTimersByTime(1)
    keep(foreseen, 'r', ['a'], performance.now(), 'running')
    keep(foreseen, 'r', ['b'], askedMs, 'waiting')
    expect(foreseen.take({ run: 'r', step: 'a', epoch: 1 })!.row.runStatus).toBe('running')
  })

  test('is told of each step that is in the flow from the start, once all that it looks at has completed here', () => {
    const foreseen = new Foreseen()
    keep(foreseen, 'r', ['a'])
    const take = (step: string) => foreseen.take({ run: 'r', step, epoch: 1 })?.step.id
    expect(['first', 'second', 'late', 'join'].map(take)).toEqual(['first', 'second', undefined, undefined])
    foreseen.note({ run: 'r', epoch: 1 }, 1, { output: null, outputBytes: null, branch: null })
    expect(take('join')).toBe('join')
  })

  test('of one epoch is not held at the next', () => {
    const foreseen = new Foreseen()
    keep(foreseen, 'r', ['a'])
    foreseen.note({ run: 'r', epoch: 2 }, 1, { output: null, outputBytes: null, branch: null })
    expect(foreseen.take({ run: 'r', step: 'a', epoch: 1 })).toBeNull()
    expect(foreseen.take({ run: 'r', step: 'a', epoch: 2 })).toBeNull()
  })

  test('tells of steps that all completed here, and of no others', () => {
    const foreseen = new Foreseen()
    keep(foreseen, 'r', ['a'])
    expect(foreseen.toldIfCompleted({ run: 'r', epoch: 1 }, [0])?.state.now).toBe(NOW)
    expect(foreseen.toldIfCompleted({ run: 'r', epoch: 1 }, [0, 1])).toBeNull()
    expect(foreseen.toldIfCompleted({ run: 'r', epoch: 2 }, [0])).toBeNull()
    foreseen.forget('r')
    expect(foreseen.toldIfCompleted({ run: 'r', epoch: 1 }, [0])).toBeNull()
  })

  test('is forgotten with its run, and no other', () => {
    const foreseen = new Foreseen()
    for (const run of ['r', 'rr']) keep(foreseen, run, ['a'])
    foreseen.forget('r')
    expect(foreseen.take({ run: 'r', step: 'a', epoch: 1 })).toBeNull()
    expect(foreseen.take({ run: 'rr', step: 'a', epoch: 1 })).not.toBeNull()
  })

  test('does not count where it was asked for before its run was forgotten', () => {
    const foreseen = new Foreseen()
    const askedMs = performance.now()
    vi.advanceTimersByTime(1)
    foreseen.forget('r')
    keep(foreseen, 'r', ['a'], askedMs)
    expect(foreseen.take({ run: 'r', step: 'a', epoch: 1 })).toBeNull()
    vi.advanceTimersByTime(1)
    keep(foreseen, 'r', ['a'])
    expect(foreseen.take({ run: 'r', step: 'a', epoch: 1 })).not.toBeNull()
    foreseen.forgetAll()
    keep(foreseen, 's', ['a'], askedMs)
    expect(foreseen.take({ run: 's', step: 'a', epoch: 1 })).toBeNull()
  })

  test('tells each step the results that it looks at, its own to change', () => {
    const foreseen = new Foreseen()
    keep(foreseen, 'r', ['a', 'b'])
    const [a, b] = ['a', 'b'].map((step) => foreseen.take({ run: 'r', step, epoch: 1 })!.row)
    expect(a!.dependencies).toEqual([{ status: 'completed', branch: 'left' }])
    expect(a!.needs).toEqual([{ status: 'completed', output: { n: 1 }, error: null }])
    Object.assign(a!.needs[0]!.output as object, { n: 2 })
    expect(b!.needs[0]!.output).toEqual({ n: 1 })
  })

  test('is not kept of a step that looks at more than what completed here, or at the order', () => {
    const foreseen = new Foreseen()
    keep(foreseen, 'r', ['a'])
    const state = { runStatus: 'running' as const, epoch: 1, haltedBy: null, now: NOW }
    const run = { ...RUN, run: { id: 'r' } } as unknown as Activation
    vi.advanceTimersByTime(1)
    foreseen.keep({ run, state, askedMs: performance.now() }, [stepOf('b', [0, 1]), stepOf('c', [0], 9, true)])
    expect(['a', 'b', 'c'].map((step) => foreseen.take({ run: 'r', step, epoch: 1 }) !== null)).toEqual([
      true,
      false,
      false,
    ])
  })

  test('is all forgotten where requests may have got lost', () => {
    const foreseen = new Foreseen()
    for (const run of ['r', 'rr']) keep(foreseen, run, ['a'])
    foreseen.forgetAll()
    expect(['r', 'rr'].map((run) => foreseen.take({ run, step: 'a', epoch: 1 }))).toEqual([null, null])
  })
})
