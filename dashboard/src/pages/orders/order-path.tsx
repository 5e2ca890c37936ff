import type { Order } from '../../api/shapes.ts'
import { STATUS_LOOKS } from '../../parts/status.ts'
import type { OrderStatus } from '../../../../src/workflow/states.ts'

const WAY: readonly OrderStatus[] = ['pending', 'validated', 'charged', 'shipped']

/** The way of an order from `pending` to its end, with what is behind it marked. */
export function OrderPath({ order: { status, history } }: { order: Order }) {
  const passed = new Set(history.map((change) => change.status))
  // Where it was cancelled or refunded, that takes the place of what did not happen.
  const way = WAY.includes(status) ? WAY : [...WAY.filter((step) => passed.has(step)), status]
  return (
    <ol className="card order-path" aria-label="Progress">
      {way.map((step) => {
        const { word, tone, icon: Icon } = STATUS_LOOKS[step]
        const isReached = passed.has(step)
        return (
          <li
            key={step}
            className={isReached ? `tone-${tone}` : undefined}
            data-reached={isReached || undefined}
            aria-current={step === status ? 'step' : undefined}
          >
            <Icon size={16} aria-hidden />
            {word}
            <span className="unseen">{isReached ? ' (reached)' : ' (to come)'}</span>
          </li>
        )
      })}
    </ol>
  )
}
