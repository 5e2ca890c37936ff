import { insertDecision, lockApproval, type Approval, type LockedApproval } from '../db/approvals.ts'
import { SluiceError } from '../errors.ts'
import type { Json } from '../workflow/definition.ts'
import { isFinished } from '../workflow/states.ts'
import { controlled, type Asked } from './control.ts'
import type { Engine } from './engine.ts'
import { wakeSteps } from './wake.ts'

/** What someone decides about a step that asks. */
export interface ApprovalDecision {
  runId: string
  stepId: string
  approved: boolean
  /** Who decides; '' where nobody gave a name. */
  by: string
  comment: string | null
  data: Json
  /** Of what the decision is about, where the client says so; null: of whatever is shown now. */
  inputHash: string | null
}

/**
 * Writes a decision down, and has the step looked at once it is decided: at the first rejection, or with as many approvals
 * as the step asks for. Of several who decide at the same moment one wins. Throws `not_found` where the step has asked
 * nothing, `forbidden` for someone who is not among the approvers, `conflict` where it is decided already.
 */
export async function decideApproval(engine: Engine, decision: ApprovalDecision, asked: Asked = {}): Promise<void> {
  const { runId, stepId, approved, by, comment, data } = decision
  const locked = await controlled(
    engine,
    async (_batch, tx) => {
      const found = await lockApproval(tx, runId, stepId)
      if (found === null)
        throw new SluiceError('not_found', `Step "${stepId}" of run ${runId} has asked for no approval.`)
      refuse(found, decision)
      const votes = found.approval.decisions.filter((each) => each.approved).length + 1
      const settles = approved ? (votes >= found.approval.quorum ? 'approved' : null) : 'rejected'
      await insertDecision(tx, found.approval, { decidedBy: by, approved, comment, data }, settles)
      return settles === null ? null : found
    },
    asked,
  )
  if (locked !== null) wakeSteps(engine, [{ run: runId, step: stepId, epoch: locked.run.epoch }])
}

function refuse({ approval, run, step }: LockedApproval, { by, inputHash }: ApprovalDecision): void {
  const { stepId, approvers, quorum, decisions } = approval
  if (approval.status !== 'open') {
    throw new SluiceError(
      'conflict',
      `The approval of step ${stepId} is ${approval.status} already${decidedBy(approval)}.`,
      { state: approval.status },
    )
  }
  if (isFinished(run.status) || run.status === 'cancelling' || step.status !== 'waiting') {
    throw new SluiceError(
      'conflict',
      `Step ${stepId} waits no more: it is ${step.status}, and its run ${run.status}.`,
      {
        state: step.status,
      },
    )
  }
  if (inputHash !== null && inputHash !== approval.inputHash) {
    throw new SluiceError('conflict', `Step ${stepId} shows something else by now: look again, then decide.`, {
      state: approval.status,
    })
  }
  if (approvers !== null && !approvers.includes(by)) {
    const who = by === '' ? 'Nobody is named' : `${by} is not among those who may decide`
    throw new SluiceError('forbidden', `${who}: give "by" as one of ${approvers.join(', ')}.`)
  }
  if (quorum > 1 && by === '') {
    throw new SluiceError('invalid_input', `Step ${stepId} needs ${quorum} approvals: say in "by" whose this is.`, {
      problems: [{ path: '/by', code: 'required', message: 'must name who decides' }],
    })
  }
  if (decisions.some((decision) => decision.decidedBy === by)) {
    throw new SluiceError('conflict', `${by} has decided about step ${stepId} already.`, { state: approval.status })
  }
}

function decidedBy({ decisions }: Approval): string {
  const names = decisions.flatMap(({ decidedBy: name }) => (name === '' ? [] : [name]))
  return names.length === 0 ? '' : `, by ${names.join(', ')}`
}
