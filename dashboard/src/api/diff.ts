import { queryOptions } from '@tanstack/react-query'
import { getJson } from './client.ts'
import { keys } from './keys.ts'
import type { RunDiff } from './shapes.ts'

/** Two runs side by side. */
export function diffQuery(a: string, b: string) {
  return queryOptions({
    queryKey: keys.diff(a, b),
    queryFn: ({ signal }) => getJson<RunDiff>('runs/diff', { a, b }, signal),
  })
}
