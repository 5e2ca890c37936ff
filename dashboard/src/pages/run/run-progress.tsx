import type { Run } from '../../api/shapes.ts'

/** How many steps of the definition have come to an end, as a bar in the colours of how they ended. */
export function RunProgress({ run }: { run: Run }) {
  const { total, completed, failed, skipped } = run.progress
  const own = run.steps.filter(({ parent_step_id: parent }) => parent === null)
  const running = own.filter(({ status }) => status === 'running').length
  const retrying = own.filter(({ status }) => status === 'retrying').length
  const ended = completed + failed + skipped
  const parts = [
    { tone: 'green', count: completed },
    { tone: 'red', count: failed },
    { tone: 'gray', count: skipped },
    { tone: 'blue', count: running },
  ]
  const text = [
    `${completed} of ${total} completed`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(running > 0 ? [`${running} running`] : []),
    ...(retrying > 0 ? [`${retrying} retrying`] : []),
  ].join(', ')
  return (
    <div className="run-progress">
      <div
        className="run-progress-bar"
        role="progressbar"
        aria-label="Steps that have ended"
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={ended}
        aria-valuetext={text}
      >
        {parts.map(({ tone, count }) => (
          <span key={tone} className={`tone-${tone}`} style={{ width: `${(100 * count) / total}%` }} />
        ))}
      </div>
      <span className="run-progress-text quiet">{text}</span>
    </div>
  )
}
