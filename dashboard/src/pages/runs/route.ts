import { IconStack2 } from '@tabler/icons-react'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../../shell/root-route.tsx'
import { withMisread } from '../../shell/search-fields.ts'
import { runSearch } from './run-search.ts'

/** `/runs`: all of them, newest first; what is asked of them stands in the URL. */
export const runsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs',
  validateSearch: withMisread(runSearch, ['status', 'workflow', 'tag', 'search', 'since', 'after', 'before']),
  component: lazyRouteComponent(() => import('./page.tsx'), 'RunsPage'),
  staticData: { nav: { label: 'Runs', icon: IconStack2, order: 20, letter: 'r' } },
})
