import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { JsonSchema } from '../editor/schema-walk.ts'
import { getJson } from './client.ts'
import { keys } from './keys.ts'
import type {
  Page,
  Schedule,
  Webhook,
  WorkflowDetail,
  WorkflowEntry,
  WorkflowStats,
  WorkflowVersion,
} from './shapes.ts'

const PAGE = 50
/** How old the strips and numbers of workflows may be on the screen, ms. */
const STATS_EVERY_MS = 5_000

/** Workflows by a part of their name or description, newest first, a page at a time. */
export const workflowsQuery = (search: string) =>
  infiniteQueryOptions({
    queryKey: keys.workflows(search),
    queryFn: ({ pageParam, signal }) =>
      getJson<Page<WorkflowEntry>>('workflows', { search, cursor: pageParam, limit: PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  })

/** Names of the newest workflows that a search finds, to choose from. */
export const workflowNamesQuery = (search: string) =>
  queryOptions({
    queryKey: keys.workflowNames(search),
    queryFn: async ({ signal }) => {
      const { items } = await getJson<Page<WorkflowEntry>>('workflows', { search, limit: 200 }, signal)
      return items.map((item) => item.name)
    },
    placeholderData: keepPreviousData,
  })

/** How the newest runs of these workflows went, by id. */
export const workflowStatsQuery = (ids: readonly string[]) =>
  queryOptions({
    queryKey: keys.workflowStats(ids),
    queryFn: async ({ signal }) => {
      const { items } = await getJson<{ items: WorkflowStats[] }>('stats/workflows', { workflow: ids }, signal)
      return new Map(items.map((item) => [item.workflow_id, item]))
    },
    enabled: ids.length > 0,
    refetchInterval: STATS_EVERY_MS,
  })

/** A workflow with the definition of a version, default the latest. */
export const workflowQuery = (name: string, version?: number) =>
  queryOptions({
    queryKey: keys.workflowVersion(name, version),
    queryFn: ({ signal }) => getJson<WorkflowDetail>(`workflows/${encodeURIComponent(name)}`, { version }, signal),
  })

/** The newest versions of a workflow. */
export const versionsQuery = (name: string) =>
  queryOptions({
    queryKey: keys.workflowVersions(name),
    queryFn: ({ signal }) =>
      getJson<Page<WorkflowVersion>>(`workflows/${encodeURIComponent(name)}/versions`, { limit: 200 }, signal),
  })

/** When a workflow runs by itself. */
export const schedulesOfWorkflowQuery = (name: string) =>
  queryOptions({
    queryKey: keys.schedules({ workflow: name }),
    queryFn: ({ signal }) => getJson<Page<Schedule>>('schedules', { workflow: name, limit: 200 }, signal),
  })

/** The webhooks of a workflow, without their secrets. */
export const webhooksQuery = (name: string) =>
  queryOptions({
    queryKey: keys.webhooks(name),
    queryFn: ({ signal }) =>
      getJson<Page<Webhook>>(`workflows/${encodeURIComponent(name)}/webhooks`, { limit: 200 }, signal),
  })

/** The JSON Schema of workflow definitions. */
export const definitionSchemaQuery = queryOptions({
  queryKey: keys.definitionSchema(),
  queryFn: ({ signal }) => getJson<JsonSchema>('schema/workflow.json', {}, signal),
  staleTime: Infinity,
})
