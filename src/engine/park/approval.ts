import { createHash } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { findApproval, openApproval, setApprovalStatus, type Approval } from '../../db/approvals.ts'
import { resolveBinding } from '../../workflow/bindings.ts'
import { canonicalJson } from '../../workflow/canonical.ts'
import type { Json } from '../../workflow/definition.ts'
import type { Activation } from '../activate.ts'
import type { Outcome } from '../perform.ts'
import { scopeOf } from '../scope.ts'
import {
  after,
  completed,
  earlier,
  failed,
  isDue,
  park,
  timedOut,
  timeoutAt,
  type ParkContext,
  type ParkedKind,
} from './parked.ts'

/**
 * `approval`, `human_gate`: until people decide. A decision counts for what was shown: it is bound to the hash of the
 * message and the input, and where a retry upstream has changed these, they are asked anew.
 */
export const approvalKind: ParkedKind = {
  async begin(context) {
    const { engine, activation } = context
    const last = await findApproval(engine.db, activation.run.id, activation.step.index)
    const isDecided = last?.status === 'approved' && last.inputHash === shownBy(activation).inputHash
    return isDecided ? approved(last) : ask(activation)
  },
  async look({ engine, activation }) {
    const approval = await findApproval(engine.db, activation.run.id, activation.step.index)
    if (approval === null || approval.status === 'void') return ask(activation)
    if (approval.status === 'rejected') return rejected(approval)
    if (approval.status === 'approved') {
      return approval.inputHash === shownBy(activation).inputHash ? approved(approval) : ask(activation)
    }
    const expiresAt = approval.expiresAt?.toISOString() ?? null
    const wakeAt = earlier(expiresAt, timeoutAt(activation))
    if (approval.status === 'open' && !isDue(wakeAt, activation)) return { kind: 'still', wakeAt }
    // Of a decision and the end of its time, one wins: whoever changes the open row.
    if (approval.status === 'open' && !(await setApprovalStatus(engine.db, approval.id, 'expired'))) {
      return this.look({ engine, activation } as ParkContext)
    }
    return isDue(expiresAt, activation) ? expired(activation) : timedOut(activation)
  },
}

interface Shown {
  message: Json
  input: Json
  inputHash: string
}

function shownBy(activation: Activation): Shown {
  const { step } = activation.step
  const scope = scopeOf(activation)
  const resolve = (binding: Json | undefined): Json => (binding === undefined ? null : resolveBinding(binding, scope))
  const message = resolve(step.config['message'])
  const input = resolve(step.input)
  return { message, input, inputHash: createHash('sha256').update(canonicalJson({ message, input })).digest('hex') }
}

function ask(activation: Activation): Outcome {
  const { run, step, row } = activation
  const { approvers, quorum, timeout_seconds: seconds } = step.step.config
  const id = uuidv7()
  // Before the transaction: what cannot be shown fails the step.
  const shown = shownBy(activation)
  const expiresAt = typeof seconds === 'number' ? after(row.now, seconds) : null
  return park({ kind: 'approval', approval_id: id }, earlier(expiresAt, timeoutAt(activation)), async (batch) => {
    await openApproval(
      { batch },
      {
        id,
        runId: run.id,
        stepIndex: step.index,
        stepId: step.id,
        ...shown,
        approvers: Array.isArray(approvers) ? approvers.map(String) : null,
        quorum: typeof quorum === 'number' ? quorum : 1,
        expiresAt,
      },
    )
  })
}

function approved({ decisions }: Approval): Outcome {
  return completed(decisions.filter((decision) => decision.approved).at(-1)?.data, 'approved')
}

function rejected({ decisions }: Approval): Outcome {
  const decision = decisions.find((each) => !each.approved)
  const by = decision?.decidedBy ? ` by ${decision.decidedBy}` : ''
  const why = decision?.comment ? `: ${decision.comment}` : ''
  return failed('rejected', `rejected${by}${why}`)
}

function expired({ step }: Activation): Outcome {
  const { timeout_seconds: seconds, on_timeout: policy } = step.step.config
  if (policy === 'approve') return completed(null, 'approved')
  const message = `nobody decided within timeout_seconds (${JSON.stringify(seconds)})`
  return policy === 'reject' ? failed('rejected', `rejected: ${message}`) : failed('approval_timeout', message)
}
