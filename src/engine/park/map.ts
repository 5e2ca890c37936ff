import { insertItems, readItems, type ItemRow } from '../../db/park.ts'
import { readOutputs } from '../../db/runs.ts'
import { resolveBinding } from '../../workflow/bindings.ts'
import type { Json } from '../../workflow/definition.ts'
import { LIMITS } from '../../workflow/limits.ts'
import { stoppedBy } from '../../workflow/decide.ts'
import { isSettled } from '../../workflow/states.ts'
import { concurrencyOf, type Activation } from '../activate.ts'
import { abandonItems } from '../map-time-limit.ts'
import type { Outcome } from '../perform.ts'
import { PermanentFailure } from '../permanent-failure.ts'
import { scopeOf } from '../scope.ts'
import { completed, failed, isDue, park, timedOut, timeoutAt, type ParkContext, type ParkedKind } from './parked.ts'

/** `map`: a step for each item, and their outputs in order. */
export const mapKind: ParkedKind = {
  async begin({ activation }) {
    const { run, step } = activation
    const items = itemsOf(activation)
    if (items.length === 0) return completed([])
    return park({ kind: 'items', count: items.length }, timeoutAt(activation), (batch) =>
      insertItems({ batch }, { runId: run.id, stepIndex: step.index, stepId: step.id }, items),
    )
  },
  async look(context) {
    const { engine, activation } = context
    const items = await readItems(engine.db, activation.run.id, activation.step.index)
    const isLate = isDue(timeoutAt(activation), activation)
    // Mostly by the leader, before this job came up.
    const isAbandoned = isLate && items.some((item) => item.status === 'cancelled')
    if (isAbandoned || (isLate && !areSettled(items))) {
      const { run, step, jobEpoch } = activation
      await abandonItems(engine, { runId: run.id, stepIndex: step.index }, jobEpoch)
      return timedOut(activation)
    }
    if (areSettled(items)) return end(context, items)
    const limit = concurrencyOf(activation.step) ?? items.length
    return {
      kind: 'still',
      wakeAt: timeoutAt(activation),
      items: items
        .filter((item) => !isSettled(item.status))
        .map((item, ahead) => ({ stepId: item.stepId, gated: ahead >= limit })),
    }
  },
}

function areSettled(items: readonly ItemRow[]): boolean {
  return items.every((item) => isSettled(item.status))
}

function itemsOf(activation: Activation): Json[] {
  const { id, step } = activation.step
  const items = resolveBinding(step.config['items'] ?? null, scopeOf(activation))
  if (!Array.isArray(items)) {
    throw new PermanentFailure('map_items', `config.items of step ${id} is ${kindOf(items)}: it must be an array`)
  }
  if (items.length <= LIMITS.mapItems) return items
  throw new PermanentFailure(
    'limit_exceeded',
    `step ${id} has ${items.length} items, more than the limit of ${LIMITS.mapItems}: split them among several maps or runs`,
  )
}

function kindOf(value: Json): string {
  return value === null ? 'null' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/**
 * An item whose failure is tolerated, or whose `when` does not hold, leaves null in its place; any other failure fails the
 * map. One whose items did not all begin, as the run was stopped, is skipped like them: they are for a retry to run.
 */
async function end({ engine, activation }: ParkContext, items: readonly ItemRow[]): Promise<Outcome> {
  const { run, step } = activation
  const tolerated = step.itemStep?.step.on_error === 'continue'
  const bad = items.filter((item) => item.status === 'cancelled' || (item.status === 'failed' && !tolerated))
  const [first] = bad
  if (first !== undefined) {
    const why = first.error ?? 'it was cancelled'
    const others = bad.length === 1 ? '' : ` (and ${bad.length - 1} more of ${items.length})`
    return failed('item_failed', `item ${first.stepId} failed: ${why}${others}`)
  }
  const stopped = activation.row.haltedBy === null ? null : stoppedBy(activation.row.haltedBy)
  if (items.some((item) => item.status === 'skipped' && item.reason === stopped)) {
    return { kind: 'skipped', reason: stopped! }
  }
  const outputs = await readOutputs(
    engine.db,
    run.id,
    items.map((item) => item.stepIndex),
  )
  const text = `[${outputs.map((output) => output ?? 'null').join(',')}]`
  const bytes = Buffer.byteLength(text)
  if (bytes <= LIMITS.outputBytes)
    return { kind: 'completed', result: { output: text, outputBytes: bytes, branch: null } }
  return failed(
    'output_too_large',
    `the results of the items of step ${step.id} are ${bytes} bytes together, more than the limit of ${LIMITS.outputBytes}: let the items return references`,
  )
}
