import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lineThrough, spreadOf } from './statistics.ts'

const series = fc.array(
  fc.integer({ min: -1e9, max: 1e9 }).map((thousandths) => thousandths / 1000),
  { minLength: 3, maxLength: 60 },
)

describe('spread', () => {
  test('mean and population standard deviation agree with those computed by hand', () => {
    // Deviations -3 -1 -1 -1 0 0 2 4: squares sum to 32, 32 / 8 = 4.
    expect(spreadOf([2, 4, 4, 4, 5, 5, 7, 9])).toMatchObject({ mean: 5, standardDeviation: 2, lower: 1, upper: 9 })
  })

  test('a value at exactly 2 standard deviations is no outlier, one beyond is', () => {
    expect(spreadOf([2, 4, 4, 4, 5, 5, 7, 9]).outliers).toEqual([])
    // Mean 11; deviations nine times -1 and once 9: squares sum to 90, 90 / 10 = 9.
    expect(spreadOf([10, 10, 10, 10, 20, 10, 10, 10, 10, 10])).toMatchObject({
      mean: 11,
      standardDeviation: 3,
      outliers: [{ index: 4, zScore: 3 }],
    })
  })

  test('a value at exactly 2 standard deviations stays within, though tenths have no exact binary form', () => {
    // The exact arithmetic gives 2 standard deviations for the last value of each; that in doubles gives more for some.
    for (const base of [0.3, 20.1]) {
      for (const step of [0.1, 0.2, 0.4, 0.5, 0.6, 0.8]) {
        const last = base + step
        expect(spreadOf([base, base, base, base, last]).outliers, `${base} and ${last}`).toEqual([])
      }
    }
  })

  test('a constant series has no deviation and no outlier', () => {
    expect(spreadOf([0.1, 0.1, 0.1, 0.1])).toMatchObject({ standardDeviation: 0, outliers: [] })
    expect(spreadOf([7])).toEqual({ mean: 7, standardDeviation: 0, lower: 7, upper: 7, outliers: [] })
  })

  test('outliers are exactly the values beyond 2 standard deviations, a quarter of them at most', () => {
    fc.assert(
      fc.property(series, (values) => {
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length
        const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
        const found = new Set(spreadOf(values).outliers.map((outlier) => outlier.index))
        const slack = 1e-6 * (deviation + Math.abs(mean) * 1e-6)
        const wrong = values.filter((value, index) => {
          const excess = Math.abs(value - mean) - 2 * deviation
          return found.has(index) ? excess < -slack : excess > slack
        })
        expect(wrong).toEqual([])
        expect(found.size).toBeLessThanOrEqual(values.length / 4)
      }),
    )
  })
})

describe('line', () => {
  test('slope, intercept and fit agree with those computed by hand', () => {
    // x 0..3, mean 1.5, Sxx 5; y mean 2.75, Syy 8.75; Sxy 5.5.
    const line = lineThrough([1, 3, 2, 5])
    expect(line.slope).toBeCloseTo(1.1, 12)
    expect(line.intercept).toBeCloseTo(1.1, 12)
    expect(line.rSquared).toBeCloseTo(30.25 / 43.75, 12)
    expect(line.change).toBeCloseTo(3.3, 12)
    expect(line.relativeChange).toBeCloseTo(3.3 / 2.75, 12)
  })

  test('a constant series and a single value are level', () => {
    const level = { slope: 0, rSquared: 0, change: 0, relativeChange: 0 }
    expect(lineThrough([3.3, 3.3, 3.3])).toMatchObject(level)
    expect(lineThrough([42])).toEqual({ ...level, intercept: 42 })
    expect(lineThrough([0, 0, 0])).toMatchObject(level)
  })

  test('small movements on a large offset keep their slope', () => {
    const values = Array.from({ length: 1_000 }, (_, index) => 1e9 + index / 1024)
    expect(lineThrough(values).slope).toBeCloseTo(1 / 1024, 12)
  })

  test('every figure is finite, however small or large the values are', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e100, max: 1e100, noNaN: true }), { minLength: 1 }), (values) => {
        const { outliers, ...spread } = spreadOf(values)
        const figures = [...Object.values(spread), ...outliers.map((outlier) => outlier.zScore)]
        expect(
          [...figures, ...Object.values(lineThrough(values))].filter((figure) => !Number.isFinite(figure)),
        ).toEqual([])
      }),
    )
  })

  test('a straight line is found again, with a perfect fit', () => {
    const integer = fc.integer({ min: -1_000, max: 1_000 })
    fc.assert(
      fc.property(integer, integer, fc.integer({ min: 2, max: 50 }), (slope, intercept, length) => {
        const line = lineThrough(Array.from({ length }, (_, index) => intercept + slope * index))
        expect(line.slope).toBeCloseTo(slope, 6)
        expect(line.intercept).toBeCloseTo(intercept, 6)
        expect(line.rSquared).toBeCloseTo(slope === 0 ? 0 : 1, 6)
      }),
    )
  })

  test('the residuals of a fit neither lean to one side nor to one end', () => {
    fc.assert(
      fc.property(series, (values) => {
        const line = lineThrough(values)
        const residuals = values.map((value, index) => value - (line.intercept + line.slope * index))
        const scale = 1e-7 * Math.max(1, ...values.map(Math.abs)) * values.length ** 2
        expect(Math.abs(residuals.reduce((sum, residual) => sum + residual, 0))).toBeLessThan(scale)
        expect(Math.abs(residuals.reduce((sum, residual, index) => sum + residual * index, 0))).toBeLessThan(scale)
      }),
    )
  })
})
