import { IconStack2 } from '@tabler/icons-react'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { RUN_STATUSES } from '../../../../src/workflow/states.ts'
import { rootRoute } from '../../shell/root-route.tsx'
import { someOf, text } from '../../shell/search-fields.ts'

/** `/runs`: all of them, newest first. */
export const runsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs',
  validateSearch: z.object({ status: someOf(RUN_STATUSES), workflow: text() }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'RunsPage'),
  staticData: { nav: { label: 'Runs', icon: IconStack2, order: 20, letter: 'r' } },
})
