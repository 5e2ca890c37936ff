import type { Run } from '../../../api/shapes.ts'
import { LogView } from '../logs/log-view.tsx'

/** What all steps of the run logged. */
export function LogsView({ run, streamed }: { run: Run; streamed: boolean }) {
  return <LogView run={run} streamed={streamed} height="65vh" />
}
