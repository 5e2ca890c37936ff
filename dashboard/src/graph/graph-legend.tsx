/** What the lines mean; the boxes say it themselves. */
export function GraphLegend({ hasRun, hasPath }: { hasRun: boolean; hasPath: boolean }) {
  return (
    <ul className="graph-legend" aria-label="Lines of the graph">
      {hasRun && <Line state="taken" text="taken" />}
      {hasRun && <Line state="pending" text="to come" />}
      {hasRun && <Line state="skipped" text="not taken" />}
      {!hasRun && <Line state="plain" text="then" />}
      {!hasRun && <Line state="plain" isGuarded text="under a condition" />}
      {hasPath && <Line state={hasRun ? 'taken' : 'plain'} isCritical text="critical path" />}
    </ul>
  )
}

function Line(props: { state: string; text: string; isGuarded?: boolean; isCritical?: boolean }) {
  const { state, text, isGuarded = false, isCritical = false } = props
  return (
    <li>
      <svg width="26" height="8" aria-hidden>
        <g className="flow-edge" data-state={state} data-guarded={isGuarded} data-critical={isCritical}>
          <path d="M0,4 L26,4" className="flow-edge-line" />
        </g>
      </svg>
      {text}
    </li>
  )
}
