import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { GRAPH_FILTERS } from '../../graph/graph-filter.ts'
import { rootRoute } from '../../shell/root-route.tsx'
import { oneOf, someOf, text, whole, withMisread } from '../../shell/search-fields.ts'
import { ROW_FILTERS } from '../../timeline/timeline-rows.ts'
import { HISTORY_KINDS, LOG_LEVELS, PANEL_TABS, STEP_FILTERS, VIEWS } from './search-words.ts'

const search = z.object({
  view: oneOf(VIEWS),
  /** The selected step, and what its panel shows. */
  step: text(),
  panel: oneOf(PANEL_TABS),
  attempt: whole(),
  /** Id of the log line that a link points at. */
  line: whole(),
  /** Of the list of steps. */
  only: oneOf(STEP_FILTERS),
  items: oneOf(['1']),
  q: text(),
  /** Which steps the graph shows, and the timeline. */
  graph: oneOf(GRAPH_FILTERS),
  rows: oneOf(ROW_FILTERS),
  /** Of logs. */
  level: oneOf(LOG_LEVELS),
  find: text(),
  /** Of events. */
  kind: someOf(HISTORY_KINDS),
})

/** `/runs/:id`: one run, live; what is looked at of it is in the search params. */
export const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs/$run',
  validateSearch: withMisread(search, ['kind']),
  component: lazyRouteComponent(() => import('./page.tsx'), 'RunPage'),
})
