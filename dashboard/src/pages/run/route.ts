import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { rootRoute } from '../../shell/root-route.tsx'
import { text } from '../../shell/search-fields.ts'

/** `/runs/ID`: one run, perhaps with a step selected. */
export const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs/$run',
  validateSearch: z.object({ step: text() }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'RunPage'),
})
