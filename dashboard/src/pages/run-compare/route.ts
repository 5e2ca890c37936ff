import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { rootRoute } from '../../shell/root-route.tsx'
import { oneOf, text } from '../../shell/search-fields.ts'

/** `/runs/compare?a=&b=`: two runs side by side, perhaps with a step of which the payloads are compared. */
export const compareRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs/compare',
  validateSearch: z.object({ a: text(), b: text(), step: text(), only: oneOf(['different']) }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'ComparePage'),
})
