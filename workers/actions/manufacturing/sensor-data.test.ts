import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PermanentError } from '../../action.ts'
import { MAX_SENSORS, readSensorData } from './sensor-data.ts'

const expected = { temperature: [20.1, 20.3], pressure: [1, 2] }

/** Values by sensor. */
function valuesOf(input: unknown): Record<string, number[]> {
  const { sensors } = readSensorData(input)
  return Object.fromEntries([...sensors].map(([name, readings]) => [name, readings.map((reading) => reading.value)]))
}

function readingAt(timestamp: string | number, value: number) {
  return { sensor: 'a', timestamp, value }
}

/** The message of the PermanentError. */
function problemOf(input: unknown): string {
  try {
    readSensorData(input)
  } catch (error) {
    if (error instanceof PermanentError && error.code === 'sensor_data') return error.message
    throw error
  }
  throw new Error('the input was accepted')
}

describe('shapes that are read', () => {
  test.each<[string, unknown]>([
    ['a map of sensors', { temperature: [20.1, 20.3], pressure: [1, 2] }],
    ['a map under `sensors`', { machine: 'M1', sensors: { temperature: [20.1, 20.3], pressure: [1, 2] } }],
    ['a map under `sensor_data`', { sensor_data: { temperature: [20.1, 20.3], pressure: [1, 2] } }],
    ['wrappers within each other', { data: { line: 3, sensors: { temperature: [20.1, 20.3], pressure: [1, 2] } } }],
    [
      'sensors with units',
      { sensors: { temperature: { unit: 'C', values: [20.1, 20.3] }, pressure: { readings: [1, 2] } } },
    ],
    [
      'values with times',
      {
        temperature: [
          { value: 20.1, timestamp: 1 },
          { value: 20.3, timestamp: 2 },
        ],
        pressure: [{ value: 1 }, { value: 2 }],
      },
    ],
    [
      'readings',
      {
        readings: [
          { sensor: 'temperature', value: 20.1 },
          { sensor: 'temperature', value: 20.3 },
          { sensor_id: 'pressure', value: 1 },
          { sensor_id: 'pressure', value: 2 },
        ],
      },
    ],
    [
      'readings without a wrapper',
      [
        { sensor_name: 'temperature', value: 20.1 },
        { sensor_name: 'pressure', value: 1 },
        { sensor_name: 'temperature', value: 20.3 },
        { sensor_name: 'pressure', value: 2 },
      ],
    ],
    [
      'a list of sensors',
      {
        sensors: [
          { id: 'temperature', values: [20.1, 20.3] },
          { name: 'pressure', readings: [{ value: 1 }, { value: 2 }] },
        ],
      },
    ],
    [
      'rows',
      {
        data: [
          { timestamp: '2026-01-01T00:00:00Z', machine_id: 7, temperature: 20.1, pressure: 1 },
          { timestamp: '2026-01-01T00:01:00Z', machine_id: 7, temperature: 20.3, pressure: 2 },
        ],
      },
    ],
  ])('%s', (_, input) => {
    expect(valuesOf(input)).toEqual(expected)
  })

  test('a bare list of numbers is one sensor', () => {
    expect(valuesOf([1, 2, 3])).toEqual({ sensor: [1, 2, 3] })
    expect(valuesOf({ readings: [1, 2, 3] })).toEqual({ readings: [1, 2, 3] })
  })

  test('readings beat a list of sensor names beside them', () => {
    expect(valuesOf({ sensors: ['a'], readings: [{ sensor: 'a', value: 1 }] })).toEqual({ a: [1] })
  })

  test('metadata is left out and named', () => {
    const data = readSensorData({ machine: 'M1', 'shift/part': 2, temperature: [1] })
    expect([...data.sensors.keys()]).toEqual(['temperature'])
    expect(data.ignored).toEqual(['/machine', '/shift~1part'])
  })

  test('a row may leave a sensor out', () => {
    expect(valuesOf([{ a: 1 }, { a: 2, b: 5 }])).toEqual({ a: [1, 2], b: [5] })
  })

  test('readings are put in the order of time, and keep their own order at the same time', () => {
    expect(valuesOf([readingAt('2026-01-02', 3), readingAt('2026-01-01', 1), readingAt('2026-01-01', 2)])).toEqual({
      a: [1, 2, 3],
    })
    expect(valuesOf([readingAt(30, 3), readingAt(10, 1)])).toEqual({ a: [1, 3] })
  })

  test.each([[{}], [{ time: 'noon' }]])('readings keep the order of the input where one has the time %j', (time) => {
    const readings = [{ sensor: 'a', value: 2, ...time }, readingAt('2026-01-02', 3), readingAt('2026-01-01', 1)]
    expect(valuesOf(readings)).toEqual({ a: [2, 3, 1] })
  })

  test('readings that come in any interleaving stay with their sensor, in order', () => {
    const reading = fc.record({ sensor: fc.constantFrom('a', 'b', 'c'), value: fc.integer() })
    fc.assert(
      fc.property(fc.array(reading, { minLength: 1 }), (readings) => {
        const values = valuesOf({ readings })
        for (const name of Object.keys(values)) {
          expect(values[name]).toEqual(readings.filter((entry) => entry.sensor === name).map((entry) => entry.value))
        }
      }),
    )
  })
})

describe('input that is refused, with the place', () => {
  test.each<[unknown, RegExp]>([
    [null, /at the top: null is neither/],
    [undefined, /at the top: nothing is neither/],
    ['text', /at the top: "text" is neither/],
    [{}, /at the top: there is no sensor; give/],
    [{ machine: 'M1' }, /there is no sensor/],
    [[], /at the top: the list is empty/],
    [{ sensors: {} }, /there is no sensor/],
    [{ sensors: [] }, /at \/sensors: the list is empty/],
    [{ sensors: { temperature: 20 } }, /at \/sensors\/temperature: 20 is not a list of numbers/],
    [{ sensors: { temperature: [] } }, /at \/sensors\/temperature: sensor "temperature" has no values/],
    [{ sensors: { temperature: [1, 'n/a'] } }, /at \/sensors\/temperature\/1: "n\/a" is not a number/],
    [{ temperature: [1, null] }, /at \/temperature\/1: null is not a number; leave a missing reading out/],
    [{ temperature: [1, true] }, /at \/temperature\/1/],
    [{ temperature: [1, Number.POSITIVE_INFINITY] }, /at \/temperature\/1: Infinity is out of range/],
    [{ temperature: [1e101] }, /out of range/],
    [{ readings: [{ sensor: 'a', value: 1 }, { value: 2 }] }, /at \/readings\/1: the item does not name its sensor/],
    [{ readings: [{ sensor: 'a', value: 1 }, { sensor: 'a' }] }, /at \/readings\/1: the reading has no `value`/],
    [{ readings: [{ sensor: 'a', value: '1' }] }, /at \/readings\/0\/value: "1" is not a number/],
    [{ readings: [{ sensor: '', value: 1 }] }, /at \/readings\/0: "" cannot name a sensor/],
    [{ sensors: [{ name: 'a', values: [1] }, { name: 'b' }] }, /at \/sensors\/1: sensor "b" has no list `values`/],
    [{ data: [{ a: 1 }, { a: 'x' }] }, /at \/data\/1\/a: "x" is not a number/],
    [{ data: [{ a: 1 }, 7] }, /at \/data\/1: 7 is not a row/],
    [JSON.parse('{"sensors": {"__proto__": [1]}}'), /"__proto__" cannot name a sensor/],
  ])('%j', (input, message) => {
    expect(problemOf(input)).toMatch(message)
  })

  test('too many sensors', () => {
    const sensors = Object.fromEntries(Array.from({ length: MAX_SENSORS + 1 }, (_, index) => [`s${index}`, [1]]))
    expect(problemOf({ sensors })).toMatch(/at \/sensors\/s300\/0: there are more than 300 sensors/)
  })

  test('any JSON is either read or refused with a PermanentError', () => {
    const isReadOrRefused = fc.property(fc.jsonValue(), (input) => {
      try {
        return readSensorData(input).sensors.size > 0
      } catch (error) {
        return error instanceof PermanentError
      }
    })
    expect(() => fc.assert(isReadOrRefused)).not.toThrow()
  })
})
