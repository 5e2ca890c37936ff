import { queryOptions } from '@tanstack/react-query'
import { getJson } from './client.ts'
import { keys } from './keys.ts'

/** The rows of the database are at most this old on the screen, ms. */
const EVERY_MS = 2_000

/** A row of a table, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>

/** The newest rows of each table. */
export type Snapshot = Readonly<Record<string, readonly Row[]>>

/** Reads the newest rows again and again, unless `paused`. */
export function snapshotQuery({ paused }: { paused: boolean }) {
  return queryOptions({
    queryKey: keys.snapshot(),
    queryFn: ({ signal }) => getJson<Snapshot>('db/snapshot', {}, signal),
    refetchInterval: paused ? false : EVERY_MS,
    refetchOnWindowFocus: !paused,
  })
}
