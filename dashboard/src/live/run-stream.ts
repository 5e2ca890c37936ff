import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { apiUrl } from '../api/client.ts'
import { keys } from '../api/keys.ts'
import { type Logs, readFrom, withLines } from '../api/logs.ts'
import type { LogLine, Run, Step } from '../api/shapes.ts'
import { openEventStream } from './event-stream.ts'
import { frameBatch } from './frame-batch.ts'
import { afterChanges, type Change } from './run-changes.ts'

/** What else to listen to. */
interface RunStreamOptions {
  /** A run that has ended tells nothing more, until it goes on again. */
  unfinished: boolean
  /** Whose log lines to bring, too: null for the whole run's, else a step's. What was read of them has to be in the cache. */
  logs?: readonly (string | null)[]
}

const NO_LOGS: readonly (string | null)[] = []

/**
 * Keeps `runQuery(id)` as the server has it, as long as the component is there; whether it does. Where it does not, the
 * query asks by itself: `useQuery(runQuery(id, { streamed }))`.
 */
export function useRunStream(id: string, { unfinished, logs = NO_LOGS }: RunStreamOptions): boolean {
  const cache = useQueryClient()
  const [live, setLive] = useState(false)
  const round = useRound(unfinished)
  const wanted = JSON.stringify(logs)
  useEffect(() => {
    const logKeys = (JSON.parse(wanted) as (string | null)[]).map((step) => keys.logs(id, step ?? undefined))
    const changes = frameBatch<Change>((batch) => apply(cache, id, batch))
    const lines = frameBatch<LogLine>((batch) => applyLines(cache, logKeys, batch))
    const close = openEventStream({
      // Each connection by a name of its own: the one before may end after the next has begun.
      name: `run ${id} ${round}`,
      url: () => apiUrl(`runs/${id}/stream`, logKeys.length > 0 ? { logs: '1', after: tellFrom(cache, logKeys) } : {}),
      on: {
        run: (run) => changes.push({ run: run as Run }),
        step: (step) => changes.push({ step: step as Step }),
        log: (line) => lines.push(line as LogLine),
        end: (run) => changes.push({ run: run as Run }),
      },
      last: 'end',
      onState: (state) => setLive(state === 'live' || state === 'ended'),
    })
    return () => {
      close()
      changes.drop()
      lines.drop()
    }
  }, [cache, id, round, wanted])
  return live
}

/** Grows when a run that had ended goes on: its stream has to be opened anew. */
function useRound(unfinished: boolean): number {
  const [round, setRound] = useState(0)
  const before = useRef(unfinished)
  useEffect(() => {
    if (unfinished && !before.current) setRound((count) => count + 1)
    before.current = unfinished
  }, [unfinished])
  return round
}

function apply(cache: QueryClient, id: string, changes: readonly Change[]): void {
  // An answer that is under way was read before, and would put the run back to what it was.
  void cache.cancelQueries({ queryKey: keys.run(id), exact: true })
  cache.setQueryData<Run>(keys.run(id), (before) => afterChanges(before, changes))
}

type LogsKey = ReturnType<typeof keys.logs>

function applyLines(cache: QueryClient, logKeys: readonly LogsKey[], lines: readonly LogLine[]): void {
  for (const key of logKeys) {
    const [, , , stepId] = key
    const own = stepId === null ? lines : lines.filter((line) => line.step_id === stepId)
    cache.setQueryData<Logs>(key, (before) => withLines(before, own))
  }
}

/** The id behind which the lines of all logs are to be told. */
function tellFrom(cache: QueryClient, logKeys: readonly LogsKey[]): number {
  const ids = logKeys.map((key) => readFrom(cache.getQueryData<Logs>(key)) ?? 0)
  return Math.min(...ids)
}
