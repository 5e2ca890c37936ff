import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/workflow/limits.ts'
import { actionContext } from '../../test/support/action-context.ts'
import { PermanentError, type ActionContext, type z } from '../action.ts'
import { analyzeTrends, detectOutliers, synthesize, verdict } from './manufacturing.ts'
import { MAX_NAME_LENGTH, MAX_SENSORS, MAX_TIMESTAMP_LENGTH } from './manufacturing/sensor-data.ts'

/** Runs an action as a worker does: its input and its output pass through its schemas. */
async function perform<Input extends z.ZodType, Output extends z.ZodType>(
  action: { input: Input; output: Output; run(context: ActionContext<z.output<Input>>): Promise<z.input<Output>> },
  input: unknown,
): Promise<z.output<Output>> {
  return action.output.parse(await action.run(actionContext(action.input.parse(input))))
}

async function analyse(input: unknown) {
  const [outliers, trends] = [await perform(detectOutliers, input), await perform(analyzeTrends, input)]
  return perform(verdict, await perform(synthesize, { outliers, trends }))
}

/** A quiet series around 100: no outlier, no trend. */
const quiet = Array.from({ length: 40 }, (_, index) => 100 + (index % 5) / 2)

describe('detect_outliers', () => {
  test('each sensor is measured against its own mean', async () => {
    const report = await perform(detectOutliers, {
      sensors: { a: [10, 10, 10, 10, 20, 10, 10, 10, 10, 10], b: [1000, 1001, 999, 1000] },
    })
    expect(report.outlier_count).toBe(1)
    expect(report.sensors['a']).toEqual({
      count: 10,
      mean: 11,
      standard_deviation: 3,
      lower: 5,
      upper: 17,
      outlier_count: 1,
      outliers: [{ index: 4, value: 20, z_score: 3 }],
    })
    expect(report.sensors['b']).toMatchObject({ count: 4, mean: 1000, outlier_count: 0, outliers: [] })
  })

  test('an outlier keeps its time, and the furthest is listed first', async () => {
    const readings = quiet.map((value, index) => ({ sensor: 'a', value, timestamp: index }))
    readings[3] = { sensor: 'a', value: 120, timestamp: 3 }
    readings[30] = { sensor: 'a', value: 70, timestamp: 30 }
    const { sensors } = await perform(detectOutliers, { readings })
    expect(sensors['a']?.outliers).toMatchObject([
      { index: 30, value: 70, timestamp: 30 },
      { index: 3, value: 120, timestamp: 3 },
    ])
  })

  test('bad input fails the step for good and names the place', async () => {
    const attempt = perform(detectOutliers, { sensors: { a: [1, 'x'] } })
    await expect(attempt).rejects.toBeInstanceOf(PermanentError)
    await expect(attempt).rejects.toThrow('/sensors/a/1')
  })
})

describe('analyze_trends', () => {
  test('each sensor has its slope and direction', async () => {
    const { sensors } = await perform(analyzeTrends, { up: [10, 11, 12], down: [12, 11, 10], flat: [5, 5, 5] })
    expect(sensors['up']).toMatchObject({ slope: 1, direction: 'rising' })
    expect(sensors['down']).toMatchObject({ slope: -1, direction: 'falling' })
    expect(sensors['flat']).toMatchObject({ slope: 0, direction: 'stable' })
  })

  test('two values have a slope, but are too few for a direction', async () => {
    const { sensors } = await perform(analyzeTrends, { a: [10, 20] })
    expect(sensors['a']).toMatchObject({ slope: 10, direction: 'stable' })
  })
})

describe('synthesize', () => {
  test('reports of different data are refused, with the sensor', async () => {
    const outliers = await perform(detectOutliers, { a: quiet })
    const trends = await perform(analyzeTrends, { a: quiet, b: quiet })
    await expect(perform(synthesize, { outliers, trends })).rejects.toThrow(/sensor "b" is among the trends but not/)
    await expect(
      perform(synthesize, { outliers, trends: await perform(analyzeTrends, { b: quiet }) }),
    ).rejects.toBeInstanceOf(PermanentError)
  })
})

describe('the analysis as a whole', () => {
  test('quiet sensors pass', async () => {
    const result = await analyse({ a: quiet, b: quiet.map((value) => value / 10) })
    expect(result).toMatchObject({
      verdict: 'PASS',
      reasons: ['all 2 sensors are within the limits'],
      findings: [],
      sensor_count: 2,
      value_count: 80,
      outlier_count: 0,
      trend_count: 0,
    })
  })

  test('one spike is a warning', async () => {
    const result = await analyse({ a: quiet.with(17, 130), b: quiet })
    expect(result.verdict).toBe('WARNING')
    expect(result.reasons).toEqual([expect.stringMatching(/^a: a value lies 6\.\d standard deviations from the mean/)])
    expect(result.sensors['a']).toMatchObject({ verdict: 'WARNING', outlier_count: 1 })
    expect(result.sensors['b']).toMatchObject({ verdict: 'PASS' })
  })

  test('a strong drift fails', async () => {
    const result = await analyse({ a: quiet.map((value, index) => value + index), b: quiet })
    expect(result.verdict).toBe('FAIL')
    expect(result.sensors['a']).toMatchObject({ direction: 'rising', verdict: 'FAIL' })
    expect(result.trend_count).toBe(1)
  })

  test('a constant sensor passes, too few values are a warning', async () => {
    expect((await analyse({ a: [0, 0, 0, 0] })).verdict).toBe('PASS')
    expect((await analyse({ a: [1, 2] })).verdict).toBe('WARNING')
    expect((await analyse({ a: [1] })).verdict).toBe('WARNING')
  })

  test('values near the greatest magnitude give finite figures', async () => {
    const result = await analyse({ a: [1e100, -1e100, 1e100, -1e100, 5] })
    expect(JSON.stringify(result)).not.toContain('null')
  })

  test('the largest analysis stays below the size limit of an output', async () => {
    const spiky = Array.from({ length: 120 }, (_, index) => ({
      value: index % 6 === 0 ? 9000 + index / 7 : Math.PI * index,
      timestamp: String(index).padStart(MAX_TIMESTAMP_LENGTH, '0'),
    }))
    const names = Array.from({ length: MAX_SENSORS }, (_, index) => String(index).padStart(MAX_NAME_LENGTH, 's'))
    const sensors = Object.fromEntries(names.map((name) => [name, spiky]))
    const result = await analyse({ sensors })
    expect(Object.values(result.sensors)[0]).toMatchObject({ outlier_count: 20, verdict: 'FAIL' })
    expect(Object.values(result.sensors)[0]?.outliers).toHaveLength(10)
    expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThan(LIMITS.outputBytes)
  })
})
