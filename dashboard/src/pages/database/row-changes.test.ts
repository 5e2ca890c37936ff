import { describe, expect, it } from 'vitest'
import { changesBetween } from './row-changes.ts'

const step = (index: number, status: string) => ({ run_id: 'r', step_index: index, status, error: null })

describe('what changed between two snapshots', () => {
  it('are rows that were not there, and columns of those that were', () => {
    const before = { steps: [step(0, 'running')], runs: [{ id: 'r', input: { n: 1 } }] }
    const after = { steps: [step(1, 'pending'), step(0, 'completed')], runs: [{ id: 'r', input: { n: 1 } }] }
    const changes = changesBetween(before, after)
    expect([...changes.keys()]).toEqual(['steps'])
    expect(changes.get('steps')?.get('r 1')).toBe('new')
    expect(changes.get('steps')?.get('r 0')).toEqual(new Set(['status']))
  })

  it('is nothing for a table that was not known, and for the beats of workers', () => {
    const before = { workers: [{ id: 'w', heartbeat_at: '1' }] }
    const after = { workers: [{ id: 'w', heartbeat_at: '2' }], runs: [{ id: 'r' }] }
    expect(changesBetween(before, after).size).toBe(0)
  })
})
