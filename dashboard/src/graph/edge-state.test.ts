import { describe, expect, it } from 'vitest'
import { edgeStates, type StepFacts } from './edge-state.ts'
import { at, sampleGraph } from './sample-graph.ts'

const graph = sampleGraph({
  check: [],
  yes: [{ step: 'check', branch: 'yes' }],
  no: [{ step: 'check', branch: 'no' }],
  end: [{ step: 'check', branch: 'no' }, 'yes', 'no'],
})

function statesWith(statuses: Record<string, StepFacts['status']>) {
  const { stateOf } = edgeStates(graph)
  const factsOf = (id: string) => {
    const status = statuses[id]
    return status && { status, started_at: status === 'pending' || status === 'skipped' ? null : at(0) }
  }
  return Object.fromEntries(graph.edges.map((edge) => [edge.id, stateOf(edge, factsOf)]))
}

describe('the state of an edge', () => {
  it('is plain where nothing runs', () => {
    expect(new Set(Object.values(statesWith({})))).toEqual(new Set(['plain']))
  })

  it('is pending until its first step has settled', () => {
    const states = statesWith({ check: 'running', yes: 'pending', no: 'pending', end: 'pending' })
    expect(new Set(Object.values(states))).toEqual(new Set(['pending']))
  })

  it('is taken where the run went on, and skipped where it did not', () => {
    const states = statesWith({ check: 'completed', yes: 'running', no: 'skipped', end: 'pending' })
    expect(states).toMatchObject({ 'check>yes': 'taken', 'check>no': 'skipped', 'yes>end': 'pending' })
  })

  it('is told apart by the branch that was chosen, where a step has several edges', () => {
    const states = statesWith({ check: 'completed', yes: 'completed', no: 'skipped', end: 'completed' })
    expect(states).toEqual({
      'check>yes': 'taken',
      'check>no': 'skipped',
      'check>end': 'skipped',
      'yes>end': 'taken',
      'no>end': 'skipped',
    })
  })

  it('is taken to a step that a failing run skipped while it was to be tried again', () => {
    const { stateOf } = edgeStates(sampleGraph({ a: [], b: ['a'] }))
    const facts: Record<string, StepFacts> = {
      a: { status: 'completed', started_at: at(0) },
      b: { status: 'skipped', started_at: at(1) },
    }
    expect(
      stateOf({ id: 'a>b', from: 'a', to: 'b', label: null, isGuarded: false, hidden: 0 }, (id) => facts[id]),
    ).toBe('taken')
  })

  it('is skipped behind a failure, unless the step behind it ran all the same', () => {
    const failed = statesWith({ check: 'completed', yes: 'failed', no: 'skipped', end: 'cancelled' })
    expect(failed['yes>end']).toBe('taken')
    const stopped = statesWith({ check: 'completed', yes: 'failed', no: 'skipped', end: 'skipped' })
    expect(stopped['yes>end']).toBe('skipped')
  })
})
