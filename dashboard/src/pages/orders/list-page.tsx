import { Button, Table } from '@mantine/core'
import { IconFilterOff, IconPlus, IconShoppingCart } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { ordersQuery } from '../../api/orders.ts'
import type { Order } from '../../api/shapes.ts'
import { CopyId } from '../../parts/copy-id.tsx'
import { EmptyState } from '../../parts/empty-state.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { MisreadFilter } from '../../parts/misread-filter.tsx'
import { LoadMore } from '../../parts/load-more.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { RowsSkeleton } from '../../parts/skeletons.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { StatusChips } from '../../parts/status-chips.tsx'
import { Time } from '../../parts/time.tsx'
import { useTitle } from '../../parts/use-title.ts'
import { ScrollRegion } from '../../parts/scroll-region.tsx'
import { ORDER_STATUSES } from '../../../../src/workflow/states.ts'
import { amountText } from '../../parts/amount-text.ts'
import { NewOrder } from './new-order.tsx'
import './orders.css'

const route = getRouteApi('/orders')

/** All orders, and how far each has come. */
export function OrdersPage() {
  useTitle('Orders')
  const { status, misread } = route.useSearch()
  const navigate = route.useNavigate()
  const [creating, setCreating] = useState(false)
  const list = useInfiniteQuery(ordersQuery(status))
  const { data, error, refetch } = list
  const orders = data?.pages.flatMap(({ items }) => items)
  const create = (
    <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => setCreating(true)}>
      New order
    </Button>
  )
  return (
    <>
      <PageHeader title="Orders">{create}</PageHeader>
      <div className="order-filters">
        <StatusChips
          statuses={ORDER_STATUSES}
          chosen={status}
          onChange={(chosen) => void navigate({ search: { status: chosen }, replace: true })}
        />
      </div>
      {misread === undefined ? (
        <>
          {orders === undefined && error !== null && <ErrorState error={error} onRetry={() => void refetch()} />}
          {orders === undefined && error === null && <RowsSkeleton rows={8} height={42} />}
          {orders?.length === 0 && status !== undefined && (
            <EmptyState icon={IconFilterOff} title="No order of this kind">
              <Button variant="default" onClick={() => void navigate({ search: {} })}>
                Clear filters
              </Button>
            </EmptyState>
          )}
          {orders?.length === 0 && status === undefined && (
            <EmptyState
              icon={IconShoppingCart}
              title="No orders yet"
              text="An order is something that workflows act upon: start “order-processing” with one, and watch it get shipped."
            >
              {create}
            </EmptyState>
          )}
          {orders !== undefined && orders.length > 0 && (
            <>
              <OrderTable orders={orders} />
              <LoadMore list={list} />
            </>
          )}
        </>
      ) : (
        <MisreadFilter misread={misread} onDrop={() => void navigate({ search: { status }, replace: true })} />
      )}
      <NewOrder opened={creating} onClose={() => setCreating(false)} />
    </>
  )
}

function OrderTable({ orders }: { orders: readonly Order[] }) {
  return (
    <ScrollRegion className="table-frame" label="Orders">
      <Table verticalSpacing="xs" highlightOnHover className="stacks order-table">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Status</Table.Th>
            <Table.Th>Reference</Table.Th>
            <Table.Th>Id</Table.Th>
            <Table.Th ta="right">Amount</Table.Th>
            <Table.Th>Changed</Table.Th>
            <Table.Th>Created</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {orders.map((order) => (
            <Table.Tr key={order.id}>
              <Table.Td>
                <StatusBadge status={order.status} />
              </Table.Td>
              <Table.Td>
                <Link to="/orders/$order" params={{ order: order.id }} className="row-link">
                  {order.reference ?? <span className="quiet">No reference</span>}
                </Link>
              </Table.Td>
              <Table.Td className="wide">
                <CopyId id={order.id} what="order id" />
              </Table.Td>
              <Table.Td className="amount">{amountText(order)}</Table.Td>
              <Table.Td className="order-changed">
                <Time at={order.updated_at} />
              </Table.Td>
              <Table.Td className="wide">
                <Time at={order.created_at} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollRegion>
  )
}
