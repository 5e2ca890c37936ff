import { IconDatabase } from '@tabler/icons-react'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { rootRoute } from '../../shell/root-route.tsx'
import { text } from '../../shell/search-fields.ts'

/** `/database`: the newest rows of each table. `table`: the one that is shown, `runs` unless said. */
export const databaseRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/database',
  validateSearch: z.object({ table: text() }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'DatabasePage'),
  staticData: { nav: { label: 'Live DB', icon: IconDatabase, order: 70, letter: 'd' } },
})
