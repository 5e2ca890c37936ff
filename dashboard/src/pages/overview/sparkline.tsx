/** Bars without axes, beside a number that says how much it is: each a share (0 to 1) of the height, null where nothing is. */
export function Sparkline(props: {
  shares: readonly (number | null)[]
  className: string
  /** The class of what is missing to the whole, where that is to be seen. */
  rest?: string
}) {
  const { shares, className, rest } = props
  return (
    <svg className="spark" viewBox={`0 0 ${shares.length} 1`} preserveAspectRatio="none" aria-hidden>
      {shares.map((share, index) =>
        share === null ? null : (
          <g key={index}>
            {rest !== undefined && share < 1 && (
              <rect className={rest} x={index + GAP / 2} width={1 - GAP} y={0} height={1 - share} />
            )}
            <rect className={className} x={index + GAP / 2} width={1 - GAP} y={1 - share} height={share} />
          </g>
        ),
      )}
    </svg>
  )
}

/** Between bars, of the width of one. */
const GAP = 0.2

/** Values as shares of the largest. */
export function sharesOf(values: readonly (number | null)[]): (number | null)[] {
  const top = Math.max(...values.map((value) => value ?? 0))
  return values.map((value) => (value === null || value === 0 ? null : value / top))
}
