import { describe, expect, test } from 'vitest'
import { compileWorkflow } from './compile.ts'
import type { Json } from './definition.ts'
import {
  compareSteps,
  firstDifference,
  isCommon,
  mayDifferInInput,
  needsLook,
  pairSteps,
  type StepState,
} from './diff-runs.ts'

const step = (id: string, dependencies: string[] = [], input?: Json) => ({
  id,
  depends_on: dependencies,
  ...(input === undefined ? {} : { input }),
})

function versionOf(steps: Json[]) {
  return compileWorkflow({ name: 'w', steps })
}

function state(status: StepState['status'], more: Partial<StepState> = {}): StepState {
  const rest = { attempts: 1, branch: null, reason: null, error: null, durationMs: 10, outputBytes: null }
  return { status, hasBegun: status !== 'skipped' && status !== 'pending', ...rest, ...more }
}

const NONE = { outputs: new Set<string>(), inputs: new Set<string>() }
const one = versionOf([step('a')])
const differences = (a: StepState, b: StepState, looks = NONE) =>
  compareSteps(pairSteps({ workflow: one, steps: [a] }, { workflow: one, steps: [b] }), looks)[0]

describe('pairSteps', () => {
  test('goes in topological order of the first version, and then through what only the second has', () => {
    const a = versionOf([step('last', ['first']), step('first'), step('gone')])
    const b = versionOf([step('first'), step('new', ['first']), step('last', ['new'])])
    const done = Array.from({ length: 3 }, () => state('completed'))
    const pairs = pairSteps({ workflow: a, steps: done }, { workflow: b, steps: done })
    expect(pairs.map((pair) => [pair.id, pair.a !== null, pair.b !== null])).toEqual([
      ['first', true, true],
      ['gone', true, false],
      ['last', true, true],
      ['new', false, true],
    ])
    expect(compareSteps(pairs, NONE)).toEqual([[], [], [], []])
  })
})

describe('compareSteps', () => {
  test.each([
    ['steps that did the same', state('completed'), state('completed', { durationMs: 900 }), []],
    ['one that was executed and one that was skipped', state('completed'), state('skipped'), ['branch']],
    [
      'one that was skipped and one that was cancelled before it began',
      state('skipped'),
      state('cancelled', { hasBegun: false }),
      [],
    ],
    [
      'one that took another branch',
      state('completed', { branch: 'true' }),
      state('completed', { branch: 'false' }),
      ['branch'],
    ],
    ['one that failed', state('completed'), state('failed', { error: 'no' }), ['output']],
    ['two that failed otherwise', state('failed', { error: 'no' }), state('failed', { error: 'never' }), ['output']],
    [
      'two whose errors name their own runs',
      state('failed', { error: 'run 019aa5b4-8f6e-7b7a-9b0e-0d5f0c7f3a11 failed' }),
      state('failed', { error: 'run 019aa5b4-8f6e-7b7a-9b0e-0d5f0c7f3a12 failed' }),
      [],
    ],
    [
      'outputs of another length',
      state('completed', { outputBytes: 3 }),
      state('completed', { outputBytes: 4 }),
      ['output'],
    ],
    ['one that was tried again', state('completed'), state('completed', { attempts: 3 }), ['attempts']],
    ['one that has not settled', state('completed'), state('running', { attempts: 2 }), []],
  ])('%s', (_name, a, b, expected) => {
    expect(differences(a, b)).toEqual(expected)
  })

  test('what was looked at counts, the cause before the effect', () => {
    const same = state('completed', { outputBytes: 3 })
    const looks = { outputs: new Set(['a']), inputs: new Set(['a']) }
    expect(differences(same, same, looks)).toEqual(['input', 'output'])
  })
})

test('only outputs of one length need a look', () => {
  const of = (a: StepState, b: StepState) =>
    pairSteps({ workflow: one, steps: [a] }, { workflow: one, steps: [b] })
      .filter(isCommon)
      .filter(needsLook).length
  const three = state('completed', { outputBytes: 3 })
  expect([of(three, three), of(three, state('completed', { outputBytes: 4 })), of(state('failed'), three)]).toEqual([
    1, 0, 0,
  ])
})

describe('mayDifferInInput', () => {
  const workflow = versionOf([
    step('a', [], 1),
    step('b', ['a'], '$a'),
    step('c', ['b'], { fixed: true }),
    step('d', ['c'], '$b?'),
  ])
  const steps = Array.from({ length: 4 }, () => state('completed', { outputBytes: 2 }))
  const ids = (options: Parameters<typeof mayDifferInInput>[1], other = workflow) =>
    mayDifferInInput(pairSteps({ workflow, steps }, { workflow: other, steps }).filter(isCommon), options).map(
      (pair) => pair.id,
    )

  test('is asked of steps that read a step whose output differs', () => {
    expect(ids({ outputs: new Set(['a']), isSameData: true })).toEqual(['b'])
    expect(ids({ outputs: new Set(), isSameData: true })).toEqual([])
  })

  test('is asked of every step that has an input where the runs were given other data', () => {
    expect(ids({ outputs: new Set(), isSameData: false })).toEqual(['a', 'b', 'c', 'd'])
  })

  test('is asked of steps whose binding is another', () => {
    const other = versionOf([
      step('a', [], 2),
      step('b', ['a'], '$a'),
      step('c', ['b'], { fixed: true }),
      step('d', ['c'], '$b?'),
    ])
    expect(ids({ outputs: new Set(), isSameData: true }, other)).toEqual(['a'])
  })
})

test.each<[Json, Json, string | null]>([
  [{ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }, '/a/1/b'],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, null],
  [{ a: 1 }, { a: 1, 'x/y': null }, '/x~1y'],
  [[1, 2], [1], '/1'],
  [[], {}, ''],
  [null, null, null],
  ['x', 1, ''],
])('the first difference of %j and %j is at %j', (a, b, path) => {
  expect(firstDifference(a, b)).toBe(path)
})
