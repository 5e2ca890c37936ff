import type { AttemptKey } from '../db/fence.ts'
import type { Settlement } from '../db/settle.ts'
import type { StoredError } from '../db/schema.ts'
import { findStep } from '../workflow/child-step.ts'
import type { Decision } from '../workflow/decide.ts'
import { retryDelayMs } from '../workflow/retry.ts'
import type { Activation } from './activate.ts'
import type { Outcome } from './perform.ts'

/** What is committed of a step that does not complete: by a decision, or by how its attempt failed. */

/** What a decision commits of a step that is not executed. */
export function settlementOf(
  decision: Extract<Decision, { kind: 'skip' | 'cancel' }> | { kind: 'fail'; error: StoredError },
  activation: Activation,
  key: AttemptKey,
): Settlement {
  const base = { ...key, ...readWith(activation), retryAfterMs: null, halts: null, attempted: false }
  switch (decision.kind) {
    case 'skip':
      return { ...base, status: 'skipped', reason: decision.reason, error: null }
    case 'cancel':
      return { ...base, status: 'cancelled', reason: decision.reason, error: null }
    case 'fail':
      return { ...base, status: 'failed', reason: null, error: decision.error, halts: haltsOf(activation) }
  }
}

/** What a failed attempt commits: the step's failure, or when it is tried again. */
export function failureOf(
  outcome: Extract<Outcome, { kind: 'failed' }>,
  activation: Activation,
  key: AttemptKey,
): Settlement {
  const { step, row } = activation
  const retries = outcome.retry && row.retryCount < step.maxRetries
  const base = { ...key, ...readWith(activation), reason: null, error: outcome.error, attempted: true }
  if (!retries) return { ...base, status: 'failed', retryAfterMs: null, halts: haltsOf(activation) }
  const delayMs = outcome.afterMs ?? retryDelayMs(step.step.retry, row.retryCount + 1, Math.random)
  return { ...base, status: 'retrying', retryAfterMs: delayMs, halts: null }
}

/** What the settlement follows from. */
function readWith({ jobEpoch, row }: Activation): Pick<Settlement, 'epoch' | 'waits'> {
  return { epoch: jobEpoch, waits: row.status === 'waiting' }
}

/** The step whose failure stops the run, where the workflow says so; of an item, its map must count, too. */
function haltsOf({ workflow, step, child }: Activation): string | null {
  if (child !== null && child.itemIndex === null) return null
  const maps = child === null ? [] : mapsAbove(step.id).map((id) => findStep(workflow, id)?.step.step.on_error)
  if (maps.includes('continue')) return null
  return workflow.definition.on_failure === 'stop' && step.step.on_error === 'fail' ? step.id : null
}

/** Ids of the maps that an item is in, the outermost first: `m` and `m[2]` for `m[2][0]`. */
function mapsAbove(itemId: string): string[] {
  const [id = '', ...places] = itemId.split('[')
  return places.map((_, depth) => [id, ...places.slice(0, depth)].join('['))
}

/** A step whose workers stop, one after the other, while they run it: `attempts` of them. */
export function lostTooOften(activation: Activation, key: AttemptKey, attempts: number): Settlement {
  const error = {
    code: 'worker_lost',
    message: `${attempts} workers stopped while they ran step ${activation.step.id}: it may be what stops them`,
  }
  return settlementOf({ kind: 'fail', error }, activation, key)
}
