import { infiniteQueryOptions } from '@tanstack/react-query'
import { getJson, sendJson } from './client.ts'
import { keys } from './keys.ts'
import type { Page, Run, Schedule } from './shapes.ts'

const PAGE = 100
const EVERY_MS = 3_000

/** Schedules, newest first, page by page; read again while anybody looks. */
export function schedulesQuery(workflow: string | undefined) {
  return infiniteQueryOptions({
    queryKey: keys.schedules({ workflow, pages: true }),
    queryFn: ({ pageParam, signal }) =>
      getJson<Page<Schedule>>('schedules', { workflow, limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: EVERY_MS,
  })
}

/** What a schedule is made of; `workflow` by its name. */
export type ScheduleSettings = Pick<Schedule, 'workflow' | 'cron' | 'timezone' | 'input' | 'overlap' | 'paused'>

/** Makes a schedule. */
export function createSchedule(settings: ScheduleSettings): Promise<Schedule> {
  return sendJson('POST', 'schedules', settings)
}

/** Changes a schedule; of one that a definition makes, only whether it is paused. */
export function changeSchedule(id: string, changes: Partial<ScheduleSettings>): Promise<Schedule> {
  return sendJson('PATCH', `schedules/${id}`, changes)
}

/** Deletes a schedule; its runs stay. */
export function deleteSchedule(id: string): Promise<void> {
  return sendJson('DELETE', `schedules/${id}`)
}

/** Starts a run as the schedule would. */
export function runScheduleNow({ workflow_name, input }: Schedule): Promise<Run> {
  return sendJson('POST', `workflows/${encodeURIComponent(workflow_name)}/runs`, { input })
}
