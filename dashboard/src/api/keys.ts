/**
 * Keys of the cache, all of them: the first word is the resource, so that `invalidateQueries({queryKey: ['runs']})` means
 * every list of runs.
 */
export const keys = {
  stats: () => ['stats'] as const,
  runs: (filter: Readonly<Record<string, unknown>>) => ['runs', filter] as const,
  run: (id: string) => ['run', id] as const,
  step: (runId: string, stepId: string) => ['run', runId, 'step', stepId] as const,
}
