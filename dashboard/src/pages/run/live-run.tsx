import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { keys } from '../../api/keys.ts'
import { runQuery } from '../../api/runs.ts'
import type { Run } from '../../api/shapes.ts'
import { useRunStream } from '../../live/run-stream.ts'
import { STATUS_LOOKS } from '../../parts/status.ts'
import { useStatusIcon } from '../../parts/use-status-icon.ts'
import { useTitle } from '../../parts/use-title.ts'
import { isFinished } from '../../../../src/workflow/states.ts'
import { RunView } from './run-view.tsx'
import { useLogsWanted } from './use-logs-wanted.ts'

/** What hangs on a run is read again at most this often while the run changes, ms. */
const SIDES_EVERY_MS = 400

/** A run that is in the cache, kept up to date; title and icon of the tab follow its status. */
export function LiveRun({ run }: { run: Run }) {
  const unfinished = !isFinished(run.status)
  const streamed = useRunStream(run.id, { unfinished, logs: useLogsWanted(run.id) })
  useQuery(runQuery(run.id, { streamed }))
  useTitle(`${STATUS_LOOKS[run.status].word}: ${run.workflow_name}`)
  useStatusIcon(run.status)
  useSides(run)
  useDetails(run)
  return <RunView run={run} streamed={streamed} />
}

/** Has what hangs on the run read again when the run has changed: reasons, approvals, events, its order. */
function useSides(run: Run): void {
  const cache = useQueryClient()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const shown = useRef(run)
  useEffect(() => {
    if (shown.current === run) return
    shown.current = run
    const { id, order_id: orderId } = run
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      void cache.invalidateQueries({ queryKey: keys.runSide(id) })
      if (orderId !== null) void cache.invalidateQueries({ queryKey: keys.order(orderId) })
    }, SIDES_EVERY_MS)
  }, [cache, run])
  useEffect(
    () => () => {
      clearTimeout(timer.current)
      timer.current = undefined
    },
    [],
  )
}

/** Has attempts and payloads of steps that have changed read again, wherever they are shown, or will be. */
function useDetails(run: Run): void {
  const cache = useQueryClient()
  const shown = useRef(run)
  useEffect(() => {
    if (shown.current === run) return
    const before = new Map(shown.current.steps.map((step) => [step.step_id, step]))
    shown.current = run
    const changed = new Set(run.steps.filter((step) => before.get(step.step_id) !== step).map(({ step_id }) => step_id))
    if (changed.size === 0) return
    void cache.invalidateQueries({
      queryKey: keys.steps(run.id),
      predicate: ({ queryKey }) => changed.has(String(queryKey[keys.steps(run.id).length])),
    })
  }, [cache, run])
}
