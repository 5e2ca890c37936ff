import { IconRoute } from '@tabler/icons-react'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { rootRoute } from '../../shell/root-route.tsx'
import { oneOf, text, whole } from '../../shell/search-fields.ts'

/** `/workflows`: all of them. */
export const workflowsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/workflows',
  validateSearch: z.object({ search: text() }),
  component: lazyRouteComponent(() => import('./list-page.tsx'), 'WorkflowsPage'),
  staticData: { nav: { label: 'Workflows', icon: IconRoute, order: 10, letter: 'w' } },
})

/** `/workflows/NAME`: one of them. `version`: of which definition; `against`: compared with which. */
export const workflowRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/workflows/$workflow',
  validateSearch: z.object({
    tab: oneOf(['definition', 'graph', 'runs', 'versions', 'schedules', 'webhooks']),
    version: whole(),
    against: whole(),
    /** The step that is selected in the graph. */
    step: text(),
  }),
  component: lazyRouteComponent(() => import('./workflow-page.tsx'), 'WorkflowPage'),
})

/** `/define`: a new workflow, perhaps from an example. */
export const defineRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/define',
  validateSearch: z.object({ example: text() }),
  component: lazyRouteComponent(() => import('./define-page.tsx'), 'DefinePage'),
})
