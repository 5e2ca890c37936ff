import { IconLayoutDashboard } from '@tabler/icons-react'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { HISTORY_RANGES } from '../../api/overview.ts'
import { rootRoute } from '../../shell/root-route.tsx'
import { oneOf } from '../../shell/search-fields.ts'

/** `/`: what runs, what waits, what failed. */
export const overviewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  validateSearch: z.object({ range: oneOf(HISTORY_RANGES) }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'OverviewPage'),
  staticData: { nav: { label: 'Overview', icon: IconLayoutDashboard, order: 0, letter: 'o' } },
})
