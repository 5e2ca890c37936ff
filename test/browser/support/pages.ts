import type { World } from './world.ts'

/** A page of the dashboard, or a state of one that looks different. */
export interface PageEntry {
  /** Names the screenshots. */
  name: string
  path: (world: World) => string
  /** Text that is there once the page has its data. */
  shows: string
}

/** Every page: axe looks at each in light and dark, wide and as on a phone; `npm run screenshots` photographs each. */
export const PAGES: readonly PageEntry[] = [
  { name: 'overview', path: () => '/', shows: 'Runs by status' },
  { name: 'workflows', path: () => '/workflows', shows: 'order-processing' },
  { name: 'workflow-definition', path: () => '/workflows/order-processing', shows: 'Valid: 3 steps' },
  { name: 'workflow-versions', path: () => '/workflows/order-processing?tab=versions', shows: 'Version 1' },
  { name: 'workflow-webhooks', path: () => '/workflows/order-processing?tab=webhooks', shows: 'No webhook' },
  { name: 'define', path: () => '/define', shows: 'Valid: 2 steps' },
  { name: 'start', path: () => '/start?workflow=approval', shows: 'amount' },
  { name: 'not-found', path: () => '/no-such-page', shows: 'There is no page at this address' },
]
