import { describe, expect, it } from 'vitest'
import type { Reason, Run, Why } from '../../api/shapes.ts'
import { rootCauseOf } from './why-of.ts'

const timer: Reason = { kind: 'timer', text: 'until then', until: '2026-01-01T00:00:00.000Z' }
const approval: Reason = {
  kind: 'approval',
  text: 'waits for ann',
  approval_id: 'a',
  approvers: ['ann'],
  quorum: 1,
  approved_by: [],
  expires_at: null,
}
const waits = (other: string): Reason => ({ kind: 'step', text: `for ${other}`, step_id: other, status: 'waiting' })
const run = { steps: ['a', 'b', 'c'].map((step_id) => ({ step_id, status: 'pending' })) } as unknown as Run
const why = (steps: Record<string, Reason[]>, reasons: Reason[] = []): Why => ({
  run_id: 'r',
  status: 'waiting',
  text: '',
  reasons,
  steps: Object.entries(steps).map(([step_id, chain]) => ({ step_id, status: 'pending', text: '', chain })),
})

describe('what a run waits for', () => {
  it('is what needs somebody before what comes by itself, at the step that it is about', () => {
    const cause = rootCauseOf(run, why({ a: [timer], c: [waits('b'), approval] }))
    expect(cause).toEqual({ stepId: 'b', reason: approval })
  })

  it('is that of the run as a whole, where there is one', () => {
    const paused: Reason = { kind: 'paused', text: 'paused' }
    expect(rootCauseOf(run, why({ a: [approval] }, [paused]))).toEqual({ stepId: undefined, reason: paused })
  })

  it('is nothing where all go on', () => {
    const running: Reason = { kind: 'running', text: '', worker: null, since: null, attempt: 1 }
    expect(rootCauseOf(run, why({ a: [running] }))).toBeNull()
  })
})
