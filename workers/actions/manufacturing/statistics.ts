import { linearRegression, linearRegressionLine, max, mean, min, rSquared, standardDeviation } from 'simple-statistics'

/** The figures of one sensor's series. Pure; the arithmetic is simple-statistics', the edge cases are ours. */

/** A value further from the mean than this many standard deviations is an outlier. */
const OUTLIER_DEVIATIONS = 2
/** Fewer values than this say nothing: no outlier is looked for, and no trend is told. */
export const FEWEST_VALUES = 3

/** A value that is exactly at the limit is within it, whatever the last bit of the arithmetic says. */
const ROUNDING = 1 + 1e-9

/** Where a series lies, and which of its values lie apart. */
export interface Spread {
  mean: number
  /** Of the series as a whole (population, divided by n), not an estimate from a sample. */
  standardDeviation: number
  lower: number
  upper: number
  /** Positions and z-scores of the outliers, in the order of the series. */
  outliers: { index: number; zScore: number }[]
}

/** Mean, standard deviation and outliers of a series of at least one value; a constant series has none. */
export function spreadOf(values: number[]): Spread {
  const centre = mean(values)
  const deviation = min(values) === max(values) ? 0 : standardDeviation(values)
  const reach = OUTLIER_DEVIATIONS * deviation
  const outliers: Spread['outliers'] = []
  if (deviation > 0 && values.length >= FEWEST_VALUES) {
    values.forEach((value, index) => {
      if (Math.abs(value - centre) > reach * ROUNDING) outliers.push({ index, zScore: (value - centre) / deviation })
    })
  }
  return { mean: centre, standardDeviation: deviation, lower: centre - reach, upper: centre + reach, outliers }
}

/** The least-squares line through a series; x is the position of a value, from 0. */
export interface Line {
  /** Units of the sensor per reading. */
  slope: number
  /** The line's value at the first reading. */
  intercept: number
  /** Share of the variance that the line explains, 0 to 1; 0 for a constant series. */
  rSquared: number
  /** What the line gains from the first reading to the last. */
  change: number
  /** `change` as a share of the mean magnitude of the values; 0 where all are 0. */
  relativeChange: number
}

/**
 * Fits the line to a series of at least one value; a single value lies on a level one. The values are centred first:
 * the library's formula subtracts large sums, which would lose the slope of small movements on a large offset.
 */
export function lineThrough(values: number[]): Line {
  const centre = mean(values)
  if (min(values) === max(values)) return { slope: 0, intercept: centre, rSquared: 0, change: 0, relativeChange: 0 }
  const points = values.map((value, index) => [index, value - centre])
  const line = linearRegression(points)
  const change = line.m * (values.length - 1)
  return {
    slope: line.m,
    intercept: line.b + centre,
    rSquared: Math.min(1, Math.max(0, finite(rSquared(points, linearRegressionLine(line))))),
    change,
    relativeChange: finite(change / mean(values.map(Math.abs))),
  }
}

/** 0 where values are so small that their squares or their mean vanish. */
function finite(quotient: number): number {
  return Number.isFinite(quotient) ? quotient : 0
}
