import { createRouter } from '@tanstack/react-router'
import { approvalsRoute } from './pages/approvals/route.ts'
import { databaseRoute } from './pages/database/route.ts'
import { orderRoute, ordersRoute } from './pages/orders/route.ts'
import { overviewRoute } from './pages/overview/route.ts'
import { compareRoute } from './pages/run-compare/route.ts'
import { runRoute } from './pages/run/route.ts'
import { runsRoute } from './pages/runs/route.ts'
import { schedulesRoute } from './pages/schedules/route.ts'
import { startRoute } from './pages/start/route.ts'
import { defineRoute, workflowRoute, workflowsRoute } from './pages/workflows/route.ts'
import { ErrorPage } from './shell/error-page.tsx'
import { rootRoute } from './shell/root-route.tsx'
import { readSearch, writeSearch } from './shell/search.ts'
import { PageSkeleton } from './parts/skeletons.tsx'

/** Every page, once. What is here is in the rail, in the palette and among the shortcuts, by its `staticData.nav`. */
const routeTree = rootRoute.addChildren([
  overviewRoute,
  workflowsRoute,
  workflowRoute,
  defineRoute,
  startRoute,
  runsRoute,
  compareRoute,
  runRoute,
  approvalsRoute,
  schedulesRoute,
  ordersRoute,
  orderRoute,
  databaseRoute,
])

/** The router; below whatever prefix the server put us (`<base href>`). */
export const router = createRouter({
  routeTree,
  basepath: new URL(document.baseURI).pathname,
  parseSearch: readSearch,
  stringifySearch: writeSearch,
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultPendingComponent: PageSkeleton,
  defaultErrorComponent: ErrorPage,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
