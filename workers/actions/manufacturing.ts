import { defineAction, PermanentError, z } from '../action.ts'
import { directionOf, judgeSensor, THRESHOLDS, VERDICTS, verdictOf } from './manufacturing/judge.ts'
import { readSensorData, type SensorData } from './manufacturing/sensor-data.ts'
import { lineThrough, spreadOf } from './manufacturing/statistics.ts'

/**
 * The analysis of manufacturing data: `detect_outliers` and `analyze_trends` read sensor data, `synthesize` joins what
 * they found, `verdict` judges it. Shapes, formulas and thresholds: docs/manufacturing.md. All four are pure functions of
 * their input, so running one twice is harmless.
 */

/** Outliers that are listed a sensor, those furthest from the mean first; all are counted. */
const LISTED_OUTLIERS = 10

const sensorData = z
  .unknown()
  .describe(
    'sensor data in one of the shapes of docs/manufacturing.md, e.g. {"sensors": {"temperature": [20.1, 20.3]}}',
  )

const outlier = z.object({
  index: z.int().describe("position in the sensor's series, from 0"),
  value: z.number(),
  z_score: z.number().describe('standard deviations from the mean; negative below it'),
  timestamp: z.union([z.string(), z.number()]).optional().describe('as it was given'),
})
const spread = z.object({
  count: z.int(),
  mean: z.number(),
  standard_deviation: z.number().describe('population standard deviation (divided by n)'),
  lower: z.number().describe('mean - 2 standard deviations'),
  upper: z.number().describe('mean + 2 standard deviations'),
  outlier_count: z.int(),
  outliers: z.array(outlier).describe(`at most the ${LISTED_OUTLIERS} furthest from the mean, furthest first`),
})
const trend = z.object({
  count: z.int(),
  slope: z.number().describe('least squares, units per reading'),
  intercept: z.number().describe("the line's value at the first reading"),
  r_squared: z.number().describe('share of the variance that the line explains, 0 to 1'),
  change: z.number().describe('what the line gains from the first reading to the last'),
  relative_change: z.number().describe('change as a share of the mean magnitude of the values'),
  direction: z.enum(['rising', 'falling', 'stable']),
})
const joined = spread.extend(trend.shape).extend({
  outlier_share: z.number().describe('outliers as a share of all values, 0 to 1'),
  greatest_deviation: z.number().describe('standard deviations of the furthest outlier; 0 without one'),
})

const outliersReport = z.object({ sensors: z.record(z.string(), spread), outlier_count: z.int() })
const trendsReport = z.object({ sensors: z.record(z.string(), trend) })
const synthesis = z.object({
  sensors: z.record(z.string(), joined),
  sensor_count: z.int(),
  value_count: z.int(),
  outlier_count: z.int(),
  trend_count: z.int().describe('sensors that rise or fall'),
})

/** Finds, for each sensor, the values beyond 2 standard deviations of its mean. */
export const detectOutliers = defineAction({
  name: 'detect_outliers',
  description: "Finds values beyond 2 standard deviations of their sensor's mean",
  input: sensorData,
  output: outliersReport,
  run: async ({ input, log }) => {
    const data = readSensorData(input)
    if (data.ignored.length > 0) log.info('not sensor data, left out', { ignored: data.ignored.slice(0, 50) })
    const sensors = mapSensors(data, (readings) => {
      const figures = spreadOf(readings.map((reading) => reading.value))
      const furthest = figures.outliers
        .toSorted((a, b) => Math.abs(b.zScore) - Math.abs(a.zScore))
        .slice(0, LISTED_OUTLIERS)
      return {
        count: readings.length,
        mean: figures.mean,
        standard_deviation: figures.standardDeviation,
        lower: figures.lower,
        upper: figures.upper,
        outlier_count: figures.outliers.length,
        outliers: furthest.flatMap(({ index, zScore }) => {
          const reading = readings[index]
          return reading === undefined ? [] : [{ index, z_score: zScore, ...reading }]
        }),
      }
    })
    return { sensors, outlier_count: sumOf(Object.values(sensors).map((sensor) => sensor.outlier_count)) }
  },
})

/** Fits the least-squares line of each sensor and says which way it goes. */
export const analyzeTrends = defineAction({
  name: 'analyze_trends',
  description: 'Fits a least-squares line to each sensor: slope per reading, change, direction',
  input: sensorData,
  output: trendsReport,
  run: async ({ input }) => {
    const sensors = mapSensors(readSensorData(input), (readings) => {
      const line = lineThrough(readings.map((reading) => reading.value))
      return {
        count: readings.length,
        slope: line.slope,
        intercept: line.intercept,
        r_squared: line.rSquared,
        change: line.change,
        relative_change: line.relativeChange,
        direction: readings.length < THRESHOLDS.fewest_values ? ('stable' as const) : directionOf(line),
      }
    })
    return { sensors }
  },
})

/** Joins the outliers and the trends of the same data, sensor by sensor. */
export const synthesize = defineAction({
  name: 'synthesize',
  description: 'Joins the outputs of detect_outliers and analyze_trends, sensor by sensor',
  input: z.object({ outliers: outliersReport, trends: trendsReport }),
  output: synthesis,
  run: async ({ input }) => {
    const { outliers, trends } = input
    const lonely = Object.keys(trends.sensors).find((name) => !Object.hasOwn(outliers.sensors, name))
    if (lonely !== undefined) throw mismatch(lonely, 'trends', 'outliers')
    const sensors = Object.fromEntries(
      Object.entries(outliers.sensors).map(([name, found]) => {
        const line = Object.hasOwn(trends.sensors, name) ? trends.sensors[name] : undefined
        if (line === undefined) throw mismatch(name, 'outliers', 'trends')
        const deviations = found.outliers.map((entry) => Math.abs(entry.z_score))
        const share = found.outlier_count / found.count
        return [name, { ...found, ...line, outlier_share: share, greatest_deviation: Math.max(0, ...deviations) }]
      }),
    )
    const all = Object.values(sensors)
    return {
      sensors,
      sensor_count: all.length,
      value_count: sumOf(all.map((sensor) => sensor.count)),
      outlier_count: sumOf(all.map((sensor) => sensor.outlier_count)),
      trend_count: all.filter((sensor) => sensor.direction !== 'stable').length,
    }
  },
})

/** Judges a synthesis: the verdict is that of the worst sensor. */
export const verdict = defineAction({
  name: 'verdict',
  description: 'Judges the output of synthesize: PASS, WARNING or FAIL, with the reasons and the thresholds',
  input: synthesis,
  output: z.object({
    verdict: z.enum(VERDICTS),
    reasons: z.array(z.string()).describe('one sentence a broken rule; for PASS one that says so'),
    findings: z.array(
      z.object({
        sensor: z.string(),
        level: z.enum(VERDICTS),
        rule: z.string(),
        value: z.number(),
        threshold: z.number(),
        message: z.string(),
      }),
    ),
    sensors: z.record(z.string(), joined.extend({ verdict: z.enum(VERDICTS) })),
    sensor_count: z.int(),
    value_count: z.int(),
    outlier_count: z.int(),
    trend_count: z.int(),
    thresholds: z.json(),
  }),
  run: async ({ input, log }) => {
    const judged = Object.entries(input.sensors).map(([name, figures]) => {
      const findings = judgeSensor(name, figures)
      return { name, findings, figures: { ...figures, verdict: verdictOf(findings) } }
    })
    const findings = judged.flatMap((sensor) => sensor.findings)
    const result = verdictOf(findings)
    const reasons = findings.map((finding) => finding.message)
    log.info(`verdict: ${result}`, { reasons: reasons.slice(0, 20) })
    return {
      ...input,
      verdict: result,
      reasons: reasons.length > 0 ? reasons : [`all ${input.sensor_count} sensors are within the limits`],
      findings,
      sensors: Object.fromEntries(judged.map((sensor) => [sensor.name, sensor.figures])),
      thresholds: THRESHOLDS,
    }
  },
})

function mapSensors<Result>(
  data: SensorData,
  figuresOf: (readings: { value: number }[]) => Result,
): Record<string, Result> {
  return Object.fromEntries([...data.sensors].map(([name, readings]) => [name, figuresOf(readings)]))
}

function mismatch(sensor: string, present: string, missing: string): PermanentError {
  return new PermanentError(
    `sensor "${sensor}" is among the ${present} but not among the ${missing}; both must come from the same data`,
    { code: 'sensor_mismatch' },
  )
}

function sumOf(counts: number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
