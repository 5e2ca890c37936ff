import { describe, expect, it } from 'vitest'
import { at, sampleStep } from './sample-graph.ts'
import { StepStore } from './step-store.ts'

function counted(store: StepStore, id: string) {
  let calls = 0
  store.listen([id], () => calls++)
  return () => calls
}

describe('the steps that the graph shows', () => {
  it('tell only those that listen to a step that changed', () => {
    const [a, b] = [sampleStep('a'), sampleStep('b')]
    const store = new StepStore([a, b])
    const [callsOfA, callsOfB] = [counted(store, 'a'), counted(store, 'b')]
    expect(store.update([{ ...a, status: 'running', started_at: at(1) }, b])).toEqual(['a'])
    expect([callsOfA(), callsOfB()]).toEqual([1, 0])
  })

  it('stay the same objects where a stream tells the same again', () => {
    const a = sampleStep('a', { waiting_for: { kind: 'event', event: 'x' }, status: 'waiting' })
    const store = new StepStore([a])
    expect(store.update([structuredClone(a)])).toEqual([])
    expect(store.get('a')).toBe(a)
  })

  it('change when what undoes them does, and leave out items', () => {
    const a = sampleStep('a', { status: 'completed' })
    const store = new StepStore([a])
    const undo = sampleStep('a.compensate', { parent_step_id: 'a', status: 'running' })
    expect(store.update([a, undo, sampleStep('a[0]', { parent_step_id: 'a' })])).toEqual(['a'])
    expect(store.undoingOf('a')?.status).toBe('running')
    expect(store.get('a[0]')).toBeUndefined()
  })

  it('tell the step that was selected and the one that is', () => {
    const store = new StepStore([sampleStep('a'), sampleStep('b')])
    store.select('a')
    const [callsOfA, callsOfB] = [counted(store, 'a'), counted(store, 'b')]
    store.select('b')
    expect([callsOfA(), callsOfB(), store.isSelected('b')]).toEqual([1, 1, true])
  })

  it('tell one listener of 2,000 of an update of one step, though all steps are told anew', () => {
    const steps = Array.from({ length: 2000 }, (_, index) => sampleStep(`s${index}`))
    const store = new StepStore(steps)
    const told: string[] = []
    for (const { step_id: id } of steps) store.listen([id], () => told.push(id))
    store.update(steps.map((step) => ({ ...step, ...(step.step_id === 's7' ? { status: 'running' } : {}) })))
    expect(told).toEqual(['s7'])
  })
})
