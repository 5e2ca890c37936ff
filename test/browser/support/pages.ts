import type { World } from './world.ts'

/** A page of the dashboard, or a state of one that looks different. */
export interface PageEntry {
  /** Names the screenshots. */
  name: string
  path: (world: World) => string
  /** Text that is there once the page has its data. */
  shows: string
  /** What its console says by right. */
  faults?: readonly RegExp[]
}

/** Every page: axe looks at each in light and dark, and each fits a phone; `npm run screenshots` photographs each. */
export const PAGES: readonly PageEntry[] = [
  { name: 'overview', path: () => '/', shows: 'Runs by status' },
  { name: 'runs', path: () => '/runs', shows: 'failing-import' },
  { name: 'runs-none', path: () => '/runs?search=no-such-run&status=failed', shows: 'No run matches' },
  { name: 'approvals', path: () => '/approvals', shows: 'May we spend 420' },
  {
    name: 'approval',
    path: ({ approval }) => `/approvals?id=${approval}`,
    shows: 'Add data for the steps that follow',
  },
  { name: 'schedules', path: () => '/schedules', shows: 'Every day at 00:00' },
  { name: 'schedules-week', path: () => '/schedules?view=week', shows: 'Today' },
  { name: 'schedule-new', path: () => '/schedules?edit=new', shows: 'At 09:00, Monday through Friday' },
  { name: 'orders', path: () => '/orders', shows: 'A-1001' },
  { name: 'order', path: ({ order }) => `/orders/${order}`, shows: 'History' },
  { name: 'database', path: () => '/database', shows: 'halted_by' },
  { name: 'workflows', path: () => '/workflows', shows: 'order-processing' },
  { name: 'workflow-definition', path: () => '/workflows/order-processing', shows: 'Valid: 3 steps' },
  { name: 'workflow-graph', path: () => '/workflows/order-processing?tab=graph&step=ship', shows: 'Step ship' },
  { name: 'workflow-versions', path: () => '/workflows/order-processing?tab=versions', shows: 'Version 1' },
  { name: 'workflow-webhooks', path: () => '/workflows/order-processing?tab=webhooks', shows: 'No webhook' },
  { name: 'define', path: () => '/define', shows: 'Valid: 2 steps' },
  { name: 'start', path: () => '/start?workflow=approval', shows: 'amount' },
  { name: 'run-order', path: ({ runs }) => `/runs/${runs.order}?view=steps&step=charge`, shows: 'Idempotency key' },
  { name: 'run-failed', path: ({ runs }) => `/runs/${runs.failed}?view=steps&step=import`, shows: 'Idempotency key' },
  { name: 'run-error', path: ({ runs }) => `/runs/${runs.failed}?step=import&panel=error`, shows: 'Attempt 1' },
  { name: 'run-waiting', path: ({ runs }) => `/runs/${runs.waiting}?step=decide`, shows: 'May we spend' },
  { name: 'run-events', path: ({ runs }) => `/runs/${runs.failed}?view=events`, shows: 'The run was created' },
  { name: 'run-io', path: ({ runs }) => `/runs/${runs.waiting}?view=io`, shows: 'a new chair' },
  { name: 'run-logs', path: ({ runs }) => `/runs/${runs.order}?view=logs`, shows: 'is charged' },
  { name: 'run-definition', path: ({ runs }) => `/runs/${runs.order}?view=definition`, shows: 'charge_payment' },
  {
    name: 'run-compare',
    path: ({ runs }) => `/runs/compare?a=${runs.failed}&b=${runs.rerun}&step=import`,
    shows: 'Only what differs',
  },
  {
    name: 'run-not-found',
    path: () => '/runs/00000000-0000-7000-8000-000000000000',
    shows: 'There is no such run',
    faults: [/404/],
  },
  { name: 'run-graph', path: ({ runs }) => `/runs/${runs.completed}?view=graph`, shows: 'critical path' },
  { name: 'run-timeline', path: ({ runs }) => `/runs/${runs.failed}?view=timeline`, shows: 'until retried' },
  { name: 'not-found', path: () => '/no-such-page', shows: 'There is no page at this address' },
]
