import { IconUserQuestion } from '@tabler/icons-react'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { rootRoute } from '../../shell/root-route.tsx'
import { oneOf, text } from '../../shell/search-fields.ts'
import { OpenCount } from './open-count.tsx'

/** `/approvals`: what waits for people to decide. `id`: one of them, open; such a link works alone. */
export const approvalsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/approvals',
  validateSearch: z.object({ tab: oneOf(['mine', 'done']), search: text(), id: text() }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'ApprovalsPage'),
  staticData: { nav: { label: 'Approvals', icon: IconUserQuestion, order: 30, letter: 'a', Badge: OpenCount } },
})
