import { SimpleGrid, Stack } from '@mantine/core'
import { IconArrowLeft } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { watchedOrderQuery } from '../../api/orders.ts'
import { CopyId } from '../../parts/copy-id.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { Panel } from '../../parts/panel.tsx'
import { PageSkeleton } from '../../parts/skeletons.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { Time } from '../../parts/time.tsx'
import { useStatusIcon } from '../../parts/use-status-icon.ts'
import { useTitle } from '../../parts/use-title.ts'
import { amountText } from '../../parts/amount-text.ts'
import { OrderHistory } from './order-history.tsx'
import { OrderPath } from './order-path.tsx'
import './orders.css'

const route = getRouteApi('/orders/$order')

/** One order, live: how far it has come, and which runs brought it there. */
export function OrderPage() {
  const { order: id } = route.useParams()
  const { data: order, error, refetch } = useQuery(watchedOrderQuery(id))
  const name = order?.reference ?? 'Order'
  useTitle(order === undefined ? 'Order' : `${name}: ${order.status}`)
  useStatusIcon(order?.status)
  if (order === undefined) {
    return error === null ? (
      <PageSkeleton />
    ) : (
      <Stack gap="md">
        <PageHeader title="Order" />
        <ErrorState error={error} onRetry={() => void refetch()} />
      </Stack>
    )
  }
  return (
    <>
      <Link to="/orders" className="back-link">
        <IconArrowLeft size={16} aria-hidden /> All orders
      </Link>
      <PageHeader title={name} text={<CopyId id={order.id} what="order id" whole />}>
        <StatusBadge status={order.status} />
      </PageHeader>
      <Stack gap="md">
        <OrderPath order={order} />
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
          <Panel title="History">
            <OrderHistory order={order} />
          </Panel>
          <Panel title="Details">
            <dl className="facts order-facts">
              <div>
                <dt>Amount</dt>
                <dd className="order-amount">{amountText(order)}</dd>
              </div>
              <div>
                <dt>Reference</dt>
                <dd>{order.reference ?? <span className="quiet">None</span>}</dd>
              </div>
              <div>
                <dt>Created</dt>
                <dd>
                  <Time at={order.created_at} show="absolute" />
                </dd>
              </div>
              <div>
                <dt>Changed</dt>
                <dd>
                  <Time at={order.updated_at} />
                </dd>
              </div>
            </dl>
          </Panel>
        </SimpleGrid>
      </Stack>
    </>
  )
}
