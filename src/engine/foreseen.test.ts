import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { CompiledStep } from '../workflow/compile.ts'
import type { Activation } from './activate.ts'
import { Foreseen, laterBy } from './foreseen.ts'
import { QUIET_MS } from './quiet.ts'

const NOW = '2026-11-22 03:01:02.123456+00'

/** Keeps steps of a run that depend on step 0, of which it has been noted how it completed. */
function keep(foreseen: Foreseen, run: string, ids: readonly string[], askedMs = performance.now()): void {
  foreseen.note(run, 0, { output: '{"n":1}', outputBytes: 7, branch: 'left' })
  const state = { runStatus: 'running' as const, epoch: 1, haltedBy: null, now: NOW }
  foreseen.keep(
    { run: { run: { id: run }, jobEpoch: 1 } as unknown as Activation, state, askedMs },
    ids.map((id) => stepOf(id, [0])),
  )
}

const stepOf = (id: string, dependencies: readonly number[], needsOrder = false) =>
  ({
    id,
    needs: dependencies,
    dependencies: dependencies.map((index) => ({ index })),
    needsOrder,
  }) as unknown as CompiledStep

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
    const run = { run: { id: 'r' }, jobEpoch: 1 } as unknown as Activation
    vi.advanceTimersByTime(1)
    foreseen.keep({ run, state, askedMs: performance.now() }, [stepOf('b', [0, 1]), stepOf('c', [0], true)])
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

describe('a later time', () => {
  test.each([
    ['2026-11-22 03:01:02.123456+00', 0, '2026-11-22T03:01:02.123456Z'],
    ['2026-11-22 03:01:02.123456+00', 1.99, '2026-11-22T03:01:02.124456Z'],
    ['2026-11-22 03:01:02.999999+00', 1, '2026-11-22T03:01:03.000999Z'],
    ['2026-11-22 03:01:02.1234+00', 0, '2026-11-22T03:01:02.1234Z'],
    ['2026-11-22 03:01:02.1+00', 3, '2026-11-22T03:01:02.103Z'],
    ['2026-11-22 03:01:02+00', 3, '2026-11-22T03:01:02.003Z'],
    ['2026-11-22 08:31:02.123456+05:30', 0, '2026-11-22T03:01:02.123456Z'],
  ])('of %s, %d ms on, is %s', (time, ms, later) => {
    expect(laterBy(time, ms)).toBe(later)
  })
})
