import { Anchor, Group, Skeleton, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { orderQuery } from '../../api/run-sides.ts'
import { amountText } from '../../parts/amount-text.ts'
import { CopyId } from '../../parts/copy-id.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { Time } from '../../parts/time.tsx'
import { shortId } from '../../parts/short-id.ts'

/** The order that the run is about, with its history; it changes with the run. */
export function OrderCard(props: { id: string; runId: string; onSelect: (stepId: string) => void }) {
  const { id, runId, onSelect } = props
  const { data: order, error, refetch } = useQuery(orderQuery(id))
  return (
    <section className="card run-order" aria-label="Order">
      {error !== null && <ErrorState error={error} onRetry={() => void refetch()} />}
      {order === undefined && error === null && <Skeleton height={96} />}
      {order !== undefined && (
        <>
          <Group justify="space-between" gap="xs">
            <Title order={2}>
              <Link to="/orders/$order" params={{ order: id }} className="row-link">
                Order
              </Link>{' '}
              <span className="run-amount">{amountText(order)}</span>
            </Title>
            <span aria-live="polite">
              <StatusBadge status={order.status} />
            </span>
          </Group>
          <Group gap="xs" className="quiet">
            <CopyId id={order.id} what="order id" />
            {order.reference !== null && <Text size="sm">{order.reference}</Text>}
          </Group>
          <ol className="run-order-history" aria-label="History of the order">
            {order.history.map((change, index) => (
              <li key={index}>
                <StatusBadge status={change.status} />
                <Time at={change.at} />
                {change.run_id === runId && change.step_id !== null && (
                  <Anchor component="button" type="button" size="sm" onClick={() => onSelect(change.step_id ?? '')}>
                    {change.step_id}
                  </Anchor>
                )}
                {change.run_id !== null && change.run_id !== runId && (
                  <span className="quiet">
                    by{' '}
                    <Link to="/runs/$run" params={{ run: change.run_id }}>
                      run {shortId(change.run_id)}
                    </Link>
                  </span>
                )}
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  )
}
