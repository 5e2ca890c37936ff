import { describe, expect, it } from 'vitest'
import type { Approval, Attempt, Run, Step, StepDetail } from '../../api/shapes.ts'
import { historyOf } from './history.ts'

const at = (second: number) => `2026-01-01T00:00:0${second}.000Z`

const failing = {
  step_id: 'charge',
  status: 'completed',
  attempt: 3,
  started_at: at(3),
  completed_at: at(4),
  error_message: null,
  reason: null,
} as Step
const run = {
  id: 'r',
  status: 'completed',
  created_at: at(0),
  started_at: at(1),
  completed_at: at(5),
  rerun_of: null,
  parent_run_id: null,
  error: null,
  steps: [failing],
} as unknown as Run
const attempt = (number: number, status: Attempt['status'], more: Partial<Attempt> = {}): Attempt => ({
  attempt: number,
  status,
  started_at: at(number),
  completed_at: at(number + 1),
  error: null,
  worker: 'w:1',
  retry_at: null,
  ...more,
})
const NONE = { controls: [], approvals: [], events: [], order: undefined, details: [] }
const texts = (entries: ReturnType<typeof historyOf>) => entries.map(({ text }) => text)

describe('the history of a run', () => {
  it('is told in the order of time, from the begin to the end', () => {
    expect(texts(historyOf({ ...NONE, run }))).toEqual([
      'The run was created',
      'The run started',
      'charge began',
      'charge completed',
      'The run ended completed',
    ])
  })

  it('tells each attempt where they are known, with its error and its back-off', () => {
    const error = { message: 'no money', stack: null, code: null }
    const detail = {
      ...failing,
      attempts: [attempt(1, 'failed', { error, retry_at: at(3) }), attempt(3, 'completed')],
    } as StepDetail
    const entries = historyOf({ ...NONE, run, details: [detail] })
    expect(texts(entries).slice(2, 5)).toEqual([
      'charge began on worker w:1',
      'Attempt 1 of charge failed: no money; the next is due 1.0 s later',
      'Attempt 3 of charge began on worker w:1',
    ])
    expect(entries.filter(({ isBad }) => isBad)).toHaveLength(1)
  })

  it('tells what was cancelled and completed before a retry of the run', () => {
    const pending = { ...failing, status: 'pending', attempt: 3, started_at: null, completed_at: null } as Step
    const detail = { ...pending, attempts: [attempt(1, 'completed'), attempt(2, 'cancelled')] } as StepDetail
    const entries = historyOf({ ...NONE, run: { ...run, status: 'running', steps: [pending] }, details: [detail] })
    expect(texts(entries).slice(2)).toEqual([
      'charge began on worker w:1',
      'Attempt 1 of charge completed',
      'Attempt 2 of charge began on worker w:1',
      'Attempt 2 of charge was cancelled',
    ])
    expect(entries.filter(({ isBad }) => isBad)).toEqual([])
  })

  it('tells what operators did, to the run itself or with one above it', () => {
    const done = { from: null, with_parent: false }
    const controls = [
      { ...done, control: 'pause' as const, at: at(2) },
      { ...done, control: 'resume' as const, with_parent: true, at: at(3) },
      { ...done, control: 'retry' as const, from: 'charge', at: at(4) },
    ]
    expect(texts(historyOf({ ...NONE, run: { ...run, steps: [] }, controls })).slice(2, 5)).toEqual([
      'Somebody paused the run',
      'Somebody resumed a run above this one, and this with it',
      'Somebody retried the run from charge on',
    ])
  })

  it('tells what was asked and decided', () => {
    const approval = {
      id: 'a',
      step_id: 'ask',
      status: 'rejected',
      quorum: 2,
      created_at: at(2),
      decided_at: at(3),
      decisions: [{ by: 'ann', approved: false, comment: 'too much', data: null, at: at(3) }],
    } as unknown as Approval
    expect(texts(historyOf({ ...NONE, run, approvals: [approval] }))).toEqual(
      expect.arrayContaining(['ask asked for 2 approvals', 'ann rejected ask: too much']),
    )
  })
})
