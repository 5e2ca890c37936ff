/**
 * Keys of the cache, all of them: the first word is the resource, so that `invalidateQueries({queryKey: ['runs']})` means
 * every list of runs.
 */
export const keys = {
  workflows: (search: string) => ['workflows', search] as const,
  workflowNames: (search: string) => ['workflows', 'names', search] as const,
  workflow: (name: string) => ['workflow', name] as const,
  workflowVersion: (name: string, version: number | undefined) =>
    ['workflow', name, 'version', version ?? null] as const,
  workflowVersions: (name: string) => ['workflow', name, 'versions'] as const,
  workflowStats: (ids: readonly string[]) => ['workflow-stats', ...ids] as const,
  webhooks: (workflow: string) => ['workflow', workflow, 'webhooks'] as const,
  schedules: (filter: Readonly<Record<string, unknown>>) => ['schedules', filter] as const,
  definitionSchema: () => ['definition-schema'] as const,
  health: () => ['health'] as const,
  stats: () => ['stats'] as const,
  history: (range: string) => ['stats', 'history', range] as const,
  workers: () => ['workers'] as const,
  runs: (filter: Readonly<Record<string, unknown>>) => ['runs', filter] as const,
  newestRuns: (filter: Readonly<Record<string, unknown>>, streamed: boolean) =>
    ['newest-runs', streamed, filter] as const,
  approvals: (filter: Readonly<Record<string, unknown>>) => ['approvals', filter] as const,
  newestApprovals: () => ['newest-approvals'] as const,
  approval: (id: string) => ['approval', id] as const,
  orders: (filter: Readonly<Record<string, unknown>>) => ['orders', filter] as const,
  order: (id: string) => ['order', id] as const,
  snapshot: () => ['snapshot'] as const,
  run: (id: string) => ['run', id] as const,
  steps: (runId: string) => ['run', runId, 'step'] as const,
  step: (runId: string, stepId: string) => ['run', runId, 'step', stepId] as const,
  /** What is read beside a run, and changes with it: the parts `why`, `approvals`, `events`. */
  runSide: (runId: string, ...part: string[]) => ['run', runId, 'side', ...part] as const,
  logs: (runId: string, stepId: string | undefined) => ['run', runId, 'logs', stepId ?? null] as const,
  diff: (a: string, b: string) => ['diff', a, b] as const,
}
