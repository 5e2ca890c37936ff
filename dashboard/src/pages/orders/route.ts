import { IconShoppingCart } from '@tabler/icons-react'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { rootRoute } from '../../shell/root-route.tsx'
import { someOf, withMisread } from '../../shell/search-fields.ts'
import { ORDER_STATUSES } from '../../../../src/workflow/states.ts'

/** `/orders`: all of them, newest first. */
export const ordersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/orders',
  validateSearch: withMisread(z.object({ status: someOf(ORDER_STATUSES) }), ['status']),
  component: lazyRouteComponent(() => import('./list-page.tsx'), 'OrdersPage'),
  staticData: { nav: { label: 'Orders', icon: IconShoppingCart, order: 50, letter: 'e' } },
})

/** `/orders/ID`: one of them, with its history. */
export const orderRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/orders/$order',
  component: lazyRouteComponent(() => import('./order-page.tsx'), 'OrderPage'),
})
