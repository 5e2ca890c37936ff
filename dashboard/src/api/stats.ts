import { queryOptions } from '@tanstack/react-query'
import { getJson } from './client.ts'
import { keys } from './keys.ts'
import type { Stats } from './shapes.ts'

/** The numbers of the service are at most this old on the screen, ms. */
const EVERY_MS = 2_000

/** Numbers of the whole service, read again while anybody looks. */
export const statsQuery = queryOptions({
  queryKey: keys.stats(),
  queryFn: ({ signal }) => getJson<Stats>('stats', {}, signal),
  refetchInterval: EVERY_MS,
})
