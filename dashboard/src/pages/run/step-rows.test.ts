import { describe, expect, it } from 'vitest'
import type { Step } from '../../api/shapes.ts'
import { countSteps, dependentsOf, readyAt, shownSteps } from './step-rows.ts'

const step = (step_id: string, more: Partial<Step> = {}): Step => ({
  step_id,
  step_index: 0,
  type: 'task',
  action: null,
  status: 'completed',
  depends_on: [],
  attempt: 0,
  retry_count: 0,
  max_retries: 0,
  started_at: null,
  completed_at: null,
  error_message: null,
  reason: null,
  output_bytes: null,
  parent_step_id: null,
  waiting_for: null,
  items: null,
  child_run_id: null,
  ...more,
})

const STEPS = [
  step('plan', { action: 'make_plan' }),
  step('ship', { status: 'waiting', depends_on: ['plan'] }),
  step('report', { status: 'pending', depends_on: ['ship'] }),
  step('ship[0]', { parent_step_id: 'ship', status: 'failed' }),
  step('ship[1]', { parent_step_id: 'ship', status: 'running' }),
  step('plan.compensate', { parent_step_id: 'plan', status: 'running' }),
]
const ids = (steps: readonly Step[]) => steps.map(({ step_id: id }) => id)

describe('the list of steps', () => {
  it('has what undoes a step behind it, and items of maps only when they are asked for', () => {
    expect(ids(shownSteps(STEPS, {}))).toEqual(['plan', 'plan.compensate', 'ship', 'report'])
    expect(ids(shownSteps(STEPS, { items: true }))).toEqual([
      'plan',
      'plan.compensate',
      'ship',
      'ship[0]',
      'ship[1]',
      'report',
    ])
  })

  it('tells what runs from what is between two attempts', () => {
    const steps = [step('runs', { status: 'running' }), step('again', { status: 'retrying' })]
    expect(ids(shownSteps(steps, { only: 'running' }))).toEqual(['runs'])
    expect(ids(shownSteps(steps, { only: 'retrying' }))).toEqual(['again'])
    expect(countSteps(steps, false)).toMatchObject({ running: 1, retrying: 1 })
  })

  it('finds what failed among hidden items, too', () => {
    expect(ids(shownSteps(STEPS, { only: 'failed' }))).toEqual(['ship[0]'])
  })

  it('finds steps by id, type and action', () => {
    expect(ids(shownSteps(STEPS, { search: 'make_' }))).toEqual(['plan'])
    expect(ids(shownSteps(STEPS, { search: 'REP' }))).toEqual(['report'])
  })

  it('counts what each filter would show', () => {
    expect(countSteps(STEPS, false)).toEqual({
      all: 4,
      failed: 1,
      running: 1,
      retrying: 0,
      waiting: 1,
      pending: 1,
      done: 1,
    })
    expect(countSteps(STEPS, true)).toEqual({
      all: 6,
      failed: 1,
      running: 2,
      retrying: 0,
      waiting: 1,
      pending: 1,
      done: 1,
    })
  })
})

describe('dependencies', () => {
  it('lead from a step to all that depend on it', () => {
    expect(dependentsOf(STEPS, 'plan')).toEqual(['plan', 'ship', 'report'])
    expect(dependentsOf(STEPS, 'report')).toEqual(['report'])
  })

  it('tell since when a step could have run: since the last of them settled', () => {
    const times = { created_at: '2026-01-01T00:00:00.000Z', started_at: '2026-01-01T00:00:01.000Z' }
    const a = step('a', { completed_at: '2026-01-01T00:00:02.000Z' })
    const b = step('b', { completed_at: '2026-01-01T00:00:05.000Z' })
    const open = step('open', { status: 'running' })
    const run = { ...times, steps: [a, b, open] }
    expect(readyAt(step('first'), run)).toBe(times.started_at)
    expect(readyAt(step('c', { depends_on: ['a', 'b'] }), run)).toBe(b.completed_at)
    expect(readyAt(step('d', { depends_on: ['a', 'open'] }), run)).toBeNull()
  })
})
