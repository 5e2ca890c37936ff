import { FEWEST_VALUES } from './statistics.ts'

/** The verdict's rules. Pure: the same figures give the same verdict, and each rule that applied is named. */

/** Verdicts, from good to bad. */
export const VERDICTS = ['PASS', 'WARNING', 'FAIL'] as const
export type Verdict = (typeof VERDICTS)[number]

/**
 * The limits, explained in docs/manufacturing.md. 5 % of outliers: a normal distribution has 4.6 % beyond 2 standard
 * deviations and 0.3 % beyond 3, so more, or further, than that is not noise.
 */
export const THRESHOLDS = {
  fewest_values: FEWEST_VALUES,
  outlier_share: { warning: 0.05, fail: 0.1 },
  extreme_deviations: 3,
  relative_change: { warning: 0.05, fail: 0.2 },
  trend_r_squared: 0.5,
} as const

/** What the rules look at. */
export interface SensorFigures {
  count: number
  outlier_count: number
  outlier_share: number
  /** Standard deviations between the mean and the value furthest from it, among the outliers; 0 without any. */
  greatest_deviation: number
  direction: 'rising' | 'falling' | 'stable'
  relative_change: number
}

/** One rule that a sensor broke. */
export interface Finding {
  sensor: string
  level: Exclude<Verdict, 'PASS'>
  rule: 'too_few_values' | 'outlier_share' | 'extreme_outlier' | 'trend' | 'outliers_and_trend'
  value: number
  threshold: number
  message: string
}

/** Which way a line goes that explains enough of the variance and gains enough to matter. */
export function directionOf(line: { rSquared: number; relativeChange: number }): SensorFigures['direction'] {
  const isTrend =
    line.rSquared >= THRESHOLDS.trend_r_squared && Math.abs(line.relativeChange) >= THRESHOLDS.relative_change.warning
  if (!isTrend) return 'stable'
  return line.relativeChange > 0 ? 'rising' : 'falling'
}

/** Every rule that the sensor broke; none: it passes. */
export function judgeSensor(sensor: string, figures: SensorFigures): Finding[] {
  if (figures.count < THRESHOLDS.fewest_values) {
    const message = `${sensor}: ${figures.count} values are too few to judge (at least ${THRESHOLDS.fewest_values})`
    const threshold = THRESHOLDS.fewest_values
    return [{ sensor, level: 'WARNING', rule: 'too_few_values', value: figures.count, threshold, message }]
  }
  const outliers = judgeOutliers(sensor, figures)
  const trend = judgeTrend(sensor, figures)
  const both: Finding[] =
    outliers.length > 0 && trend.length > 0
      ? [
          {
            sensor,
            level: 'FAIL',
            rule: 'outliers_and_trend',
            value: 2,
            threshold: 1,
            message: `${sensor}: both outliers and a trend`,
          },
        ]
      : []
  return [...outliers, ...trend, ...both]
}

/** The worst level among the findings. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  const worst = Math.max(0, ...new Set(findings.map((finding) => VERDICTS.indexOf(finding.level))))
  return VERDICTS[worst] ?? 'PASS'
}

function judgeOutliers(sensor: string, figures: SensorFigures): Finding[] {
  const findings: Finding[] = []
  const { outlier_share: share, greatest_deviation: furthest } = figures
  const { warning, fail } = THRESHOLDS.outlier_share
  if (share > warning) {
    findings.push({
      sensor,
      level: share > fail ? 'FAIL' : 'WARNING',
      rule: 'outlier_share',
      value: share,
      threshold: share > fail ? fail : warning,
      message: `${sensor}: ${figures.outlier_count} of ${figures.count} values (${percent(share)}) are outliers; more than ${percent(share > fail ? fail : warning)}`,
    })
  }
  if (furthest > THRESHOLDS.extreme_deviations) {
    findings.push({
      sensor,
      level: 'WARNING',
      rule: 'extreme_outlier',
      value: furthest,
      threshold: THRESHOLDS.extreme_deviations,
      message: `${sensor}: a value lies ${furthest.toFixed(1)} standard deviations from the mean; more than ${THRESHOLDS.extreme_deviations}`,
    })
  }
  return findings
}

function judgeTrend(sensor: string, figures: SensorFigures): Finding[] {
  if (figures.direction === 'stable') return []
  const change = Math.abs(figures.relative_change)
  const { warning, fail } = THRESHOLDS.relative_change
  const level = change >= fail ? 'FAIL' : 'WARNING'
  const threshold = change >= fail ? fail : warning
  const message = `${sensor}: ${figures.direction} by ${percent(change)} over the series; ${percent(threshold)} or more`
  return [{ sensor, level, rule: 'trend', value: figures.relative_change, threshold, message }]
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}
