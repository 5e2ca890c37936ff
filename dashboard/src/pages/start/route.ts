import { IconPlayerPlay } from '@tabler/icons-react'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { rootRoute } from '../../shell/root-route.tsx'
import { text } from '../../shell/search-fields.ts'

/** `/start`: a new run of `workflow`, with the input of the run `from`. */
export const startRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/start',
  validateSearch: z.object({ workflow: text(), from: text() }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'StartPage'),
  staticData: { nav: { label: 'Start a run', icon: IconPlayerPlay, order: 15, letter: 's' } },
})
