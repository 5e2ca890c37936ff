import { IconCalendarClock } from '@tabler/icons-react'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { rootRoute } from '../../shell/root-route.tsx'
import { oneOf, text } from '../../shell/search-fields.ts'

/** `/schedules`: what runs by itself. `edit`: the id of one in the form, or `new`; `view=week`: the next seven days. */
export const schedulesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/schedules',
  validateSearch: z.object({ workflow: text(), edit: text(), view: oneOf(['week']) }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'SchedulesPage'),
  staticData: { nav: { label: 'Schedules', icon: IconCalendarClock, order: 40, letter: 'c' } },
})
