import { IconCalendarClock } from '@tabler/icons-react'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { rootRoute } from '../../shell/root-route.tsx'
import { text } from '../../shell/search-fields.ts'

/** `/schedules`: what runs by itself. `edit`: the id of one in the form, or `new`. */
export const schedulesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/schedules',
  validateSearch: z.object({ workflow: text(), edit: text() }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'SchedulesPage'),
  staticData: { nav: { label: 'Schedules', icon: IconCalendarClock, order: 40, letter: 'c' } },
})
