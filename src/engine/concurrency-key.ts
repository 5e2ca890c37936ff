import { readOrderViews } from '../db/order-view.ts'
import { messageOf, SluiceError } from '../errors.ts'
import { resolveBinding } from '../workflow/bindings.ts'
import { canonicalJson } from '../workflow/canonical.ts'
import type { Definition, Json } from '../workflow/definition.ts'
import type { Engine } from './engine.ts'

/** What the key of a run is made of. */
interface KeySource {
  input?: Json | undefined
  context?: Json | undefined
  orderId?: string | undefined
}

/**
 * The concurrency keys of runs: the canonical JSON of what the workflow's `concurrency.key` resolves to, '' without a key;
 * null where the workflow has no limit. Throws `invalid_input`, naming the path, where a key cannot be resolved.
 */
export async function concurrencyKeys(
  engine: Engine,
  concurrency: Definition['concurrency'],
  requests: readonly KeySource[],
): Promise<(string | null)[]> {
  if (concurrency === undefined) return requests.map(() => null)
  const { key } = concurrency
  if (key === undefined) return requests.map(() => '')
  const orderIds = [...new Set(requests.flatMap(({ orderId }) => orderId ?? []))]
  const orders = orderIds.length === 0 ? new Map<string, Json>() : await readOrderViews(engine.db, orderIds)
  return requests.map(({ input = null, context = null, orderId }, index) => {
    const order = (orderId === undefined ? undefined : orders.get(orderId)) ?? null
    try {
      return canonicalJson(resolveBinding(key, { input, context, order, steps: () => undefined }))
    } catch (error) {
      const message = `the workflow's concurrency.key cannot be resolved: ${messageOf(error)}`
      const path = `${requests.length === 1 ? '' : `/runs/${index}`}/${rootOf(key)}`
      throw new SluiceError('invalid_input', message, { problems: [{ path, code: 'invalid_binding', message }] })
    }
  })
}

/** The field of a start that the key reads, as a JSON Pointer; `/input` where it is not plain. */
function rootOf(key: string): string {
  const [, root = 'input', path = ''] = /^\$(input|context|order)((?:\.[A-Za-z0-9_]+)*)$/u.exec(key) ?? []
  return root === 'order' ? 'order_id' : `${root}${path.replaceAll('.', '/')}`
}
