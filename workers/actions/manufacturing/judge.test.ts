import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { directionOf, judgeSensor, verdictOf, VERDICTS, type SensorFigures } from './judge.ts'

const quiet: SensorFigures = {
  count: 100,
  outlier_count: 0,
  outlier_share: 0,
  greatest_deviation: 0,
  direction: 'stable',
  relative_change: 0,
}

function judge(figures: Partial<SensorFigures>) {
  const findings = judgeSensor('s', { ...quiet, ...figures })
  return { verdict: verdictOf(findings), rules: findings.map((finding) => finding.rule) }
}

function rankOf(outlier_share: number): number {
  return VERDICTS.indexOf(verdictOf(judgeSensor('s', { ...quiet, outlier_share })))
}

describe('verdict of a sensor', () => {
  test.each<[Partial<SensorFigures>, string, string[]]>([
    [{}, 'PASS', []],
    [{ outlier_count: 5, outlier_share: 0.05, greatest_deviation: 2.9 }, 'PASS', []],
    [{ outlier_count: 6, outlier_share: 0.06, greatest_deviation: 2.9 }, 'WARNING', ['outlier_share']],
    [{ outlier_count: 10, outlier_share: 0.1, greatest_deviation: 2.5 }, 'WARNING', ['outlier_share']],
    [{ outlier_count: 11, outlier_share: 0.11, greatest_deviation: 2.5 }, 'FAIL', ['outlier_share']],
    [{ outlier_count: 1, outlier_share: 0.01, greatest_deviation: 3 }, 'PASS', []],
    [{ outlier_count: 1, outlier_share: 0.01, greatest_deviation: 3.1 }, 'WARNING', ['extreme_outlier']],
    [{ direction: 'rising', relative_change: 0.05 }, 'WARNING', ['trend']],
    [{ direction: 'falling', relative_change: -0.19 }, 'WARNING', ['trend']],
    [{ direction: 'falling', relative_change: -0.2 }, 'FAIL', ['trend']],
    [{ direction: 'stable', relative_change: 0.9 }, 'PASS', []],
    [
      { direction: 'rising', relative_change: 0.06, outlier_count: 1, outlier_share: 0.01, greatest_deviation: 4 },
      'FAIL',
      ['extreme_outlier', 'trend', 'outliers_and_trend'],
    ],
    [{ count: 2 }, 'WARNING', ['too_few_values']],
  ])('%j', (figures, verdict, rules) => {
    expect(judge(figures)).toEqual({ verdict, rules })
  })

  test('a finding says the sensor, the figure and the limit', () => {
    const [finding] = judgeSensor('spindle', { ...quiet, outlier_count: 11, outlier_share: 0.11 })
    expect(finding).toMatchObject({ sensor: 'spindle', value: 0.11, threshold: 0.1 })
    expect(finding?.message).toBe('spindle: 11 of 100 values (11 %) are outliers; more than 10 %')
  })

  test('more outliers never make a verdict better', () => {
    const share = fc.double({ min: 0, max: 0.25, noNaN: true })
    fc.assert(
      fc.property(share, share, (a, b) => {
        expect(rankOf(Math.max(a, b))).toBeGreaterThanOrEqual(rankOf(Math.min(a, b)))
      }),
    )
  })
})

describe('direction', () => {
  test.each([
    [{ rSquared: 0.5, relativeChange: 0.05 }, 'rising'],
    [{ rSquared: 0.9, relativeChange: -0.3 }, 'falling'],
    [{ rSquared: 0.49, relativeChange: 0.3 }, 'stable'],
    [{ rSquared: 1, relativeChange: 0.049 }, 'stable'],
  ] as const)('%j is %s', (line, direction) => {
    expect(directionOf(line)).toBe(direction)
  })
})
