import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { withRedis } from '../support/servers.ts'
import { kill } from '../support/system.ts'
import { useDashboard } from './support/dashboard.ts'

/** A worker that is killed is missed soon. */
const dashboard = useDashboard({ workers: 1, env: { LOCK_DURATION_MS: '1000', HEARTBEAT_MS: '300' } })

const FAILING: DefinitionInput = {
  name: 'failing',
  steps: [{ id: 'break', config: { duration_seconds: 0, fail_probability: 1, max_retries: 0 } }],
}
const ASKING: DefinitionInput = {
  name: 'asking',
  steps: [{ id: 'decide', type: 'approval', config: { message: 'May we?' } }],
}
const LONG: DefinitionInput = { name: 'long', steps: [{ id: 'work', config: { duration_seconds: 60 } }] }

/** A panel by its heading. */
const panel = (page: Page, name: string) => page.getByRole('region', { name, exact: true })

/** The tile of a status, with the number that it has. */
const tile = (page: Page, status: string, count: number) =>
  panel(page, 'Runs by status').getByRole('link', { name: `${status} ${count}`, exact: true })

describe('the overview', () => {
  it('shows by itself what begins, fails, asks and is worked on, and that no worker is alive', async () => {
    const page = await dashboard.open('/')
    await panel(page, 'Needs you').getByText('Nothing: all goes by itself').waitFor()
    await tile(page, 'Failed', 0).waitFor()

    await dashboard.system.ended(await dashboard.system.start(FAILING))
    const asking = await dashboard.system.start(ASKING)
    const long = await dashboard.system.start(LONG)
    await tile(page, 'Failed', 1).waitFor()
    await tile(page, 'Waiting', 1).waitFor()
    await panel(page, 'Open approvals').getByRole('link', { name: 'May we?' }).waitFor({ timeout: 45_000 })
    await panel(page, 'Workers').getByRole('link', { name: 'long: work' }).waitFor()
    await panel(page, 'Needs you').getByText('1 run failed in the last hour').waitFor({ timeout: 45_000 })
    await panel(page, 'Most failing workflows').getByRole('link', { name: 'failing' }).waitFor()
    await panel(page, 'Queues')
      .getByRole('row', { name: /^steps-default/ })
      .waitFor()

    const queues = panel(page, 'Queues')
    const { prefix, redisUrl } = dashboard.system
    await queues.getByRole('button', { name: 'Check' }).click()
    await queues.getByText('The queue agrees with Postgres').waitFor()
    await withRedis(redisUrl, (redis) => redis.zrem(`${prefix}:steps-default:waiting-children`, `${asking}.decide.1`))
    await queues.getByRole('button', { name: 'Check' }).click()
    await queues.getByText('Jobs: 1 missing, 0 left over').waitFor()
    await queues.getByRole('button', { name: 'Repair' }).click()
    await queues.getByText('dispatched anew').waitFor()

    await kill(await dashboard.system.executing(long, 'work'))
    await panel(page, 'Needs you')
      .getByText(/^No worker is alive/)
      .waitFor()
    await panel(page, 'Workers').getByText('No worker is alive', { exact: true }).waitFor()
    expect(await page.title()).toBe('Overview · Sluice')
  })

  it('keeps the range in the URL, says it in a table, and leads to the runs of a status', async () => {
    const page = await dashboard.open('/?range=nonsense')
    const history = panel(page, 'Runs over time')
    await history.getByRole('img', { name: /1 ended, 1 of them failed/ }).waitFor()
    await history.getByText('24 hours').click()
    await page.waitForURL(/range=24h/)
    await page.reload()
    expect(await history.getByRole('radio', { name: '24 hours' }).isChecked()).toBe(true)
    await history.getByText('As a table').click()
    await history.getByRole('region', { name: 'Runs over time, as a table' }).waitFor()
    await tile(page, 'Failed', 1).click()
    await page.waitForURL(/\/runs\?status=/)
    await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor()
  })
})
