import { Link } from '@tanstack/react-router'
import type { Order } from '../../api/shapes.ts'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { Time } from '../../parts/time.tsx'

/** What became of an order, newest first, and which step of which run did it. */
export function OrderHistory({ order: { history } }: { order: Order }) {
  return (
    <ol className="plain-list order-history" aria-label="History, newest first">
      {history.toReversed().map(({ status, at, run_id, step_id }) => (
        <li key={`${status} ${at}`}>
          <div>
            <StatusBadge status={status} />
            {run_id !== null && (
              <span>
                <span className="quiet">by </span>
                <Link to="/runs/$run" params={{ run: run_id }} search={{ step: step_id ?? undefined }}>
                  {step_id ?? 'a run'}
                </Link>
              </span>
            )}
          </div>
          <span className="quiet order-when">
            <Time at={at} show="absolute" />
          </span>
        </li>
      ))}
    </ol>
  )
}
