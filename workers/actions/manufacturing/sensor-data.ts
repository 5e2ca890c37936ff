import { PermanentError } from '../../action.ts'

/**
 * Reads sensor data in each of the shapes that docs/manufacturing.md specifies into one: readings by sensor. All
 * checks of the input are here; whatever is wrong is a PermanentError that names the place by its JSON Pointer.
 */

/** One measurement of one sensor. */
export interface Reading {
  value: number
  timestamp?: string | number
}

/** Readings by sensor, in the order of the input; a sensor's readings are in the order of time where all carry one. */
export interface SensorData {
  sensors: Map<string, Reading[]>
  /** JSON Pointers of what was taken for metadata and left out. */
  ignored: string[]
}

/** Sensors of one input, and characters of a name and of a timestamp: so the outputs of the analysis fit a step's limit. */
export const MAX_SENSORS = 300
export const MAX_NAME_LENGTH = 64
export const MAX_TIMESTAMP_LENGTH = 40
/** Greatest magnitude of a value: its square, summed over a series, is still a finite number. */
const MAX_VALUE = 1e100

const WRAPPERS = ['readings', 'sensors', 'sensor_data', 'data']
const LABELS = ['sensor', 'sensor_id', 'sensor_name', 'name', 'id']
const SERIES = ['values', 'readings']
const TIMES = ['timestamp', 'time', 'at']

type JsonObject = Record<string, unknown>

/** Reads an action's input. @throws PermanentError `sensor_data`, naming the place and what is expected there. */
export function readSensorData(input: unknown): SensorData {
  const data: SensorData = { sensors: new Map(), ignored: [] }
  readAny(data, input, '', 'sensor')
  if (data.sensors.size === 0) {
    throw problem(
      '',
      'there is no sensor; give {"sensors": {"temperature": [20.1, 20.3]}}, or see docs/manufacturing.md',
    )
  }
  for (const readings of data.sensors.values()) sortByTime(readings)
  return data
}

function readAny(data: SensorData, value: unknown, path: string, label: string): void {
  if (Array.isArray(value)) return readList(data, value, path, label)
  if (!isObject(value)) throw problem(path, `${shown(value)} is neither an object nor a list of sensor data`)
  const wrapper = WRAPPERS.find((key) => isObject(value[key]) || Array.isArray(value[key]))
  if (wrapper === undefined) return readMap(data, value, path, label === 'sensors')
  readAny(data, value[wrapper], `${path}/${wrapper}`, wrapper)
}

/** `{"temperature": [..]}` or `{"temperature": {"values": [..], "unit": "C"}}`; where not `strict`, other entries are metadata. */
function readMap(data: SensorData, map: JsonObject, path: string, strict: boolean): void {
  for (const [name, entry] of Object.entries(map)) {
    const place = `${path}/${escapePointer(name)}`
    const key = isObject(entry) ? SERIES.find((candidate) => Array.isArray(entry[candidate])) : undefined
    if (Array.isArray(entry)) readSeries(data, name, entry, place)
    else if (isObject(entry) && key !== undefined) readSeries(data, name, entry[key] as unknown[], `${place}/${key}`)
    else if (strict) throw problem(place, `${shown(entry)} is not a list of numbers`)
    else data.ignored.push(place)
  }
}

/** A list of readings, of sensors, of rows or of bare values; its first item says which. */
function readList(data: SensorData, list: unknown[], path: string, label: string): void {
  const first = list[0]
  if (first === undefined) throw problem(path, 'the list is empty')
  if (!isObject(first)) return readSeries(data, label, list, path)
  const named = LABELS.some((key) => key in first)
  if (named && 'value' in first) return readReadings(data, list, path)
  if (named && SERIES.some((key) => key in first)) return readSensors(data, list, path)
  if ('value' in first) return readSeries(data, label, list, path)
  readRows(data, list, path)
}

/** `[{"sensor": "temperature", "value": 20.1, "timestamp": ...}]`. */
function readReadings(data: SensorData, list: unknown[], path: string): void {
  list.forEach((item, index) => {
    const place = `${path}/${index}`
    add(data, labelOf(item, place), readingOf(item, place), place)
  })
}

/** `[{"name": "temperature", "values": [..]}]`. */
function readSensors(data: SensorData, list: unknown[], path: string): void {
  list.forEach((item, index) => {
    const place = `${path}/${index}`
    const label = labelOf(item, place)
    const key = SERIES.find((candidate) => Array.isArray((item as JsonObject)[candidate]))
    if (key === undefined) throw problem(place, `sensor "${label}" has no list \`values\``)
    readSeries(data, label, (item as JsonObject)[key] as unknown[], `${place}/${key}`)
  })
}

/** `[{"timestamp": ..., "temperature": 20.1, "pressure": 1.01}]`: a column with a number in any row is a sensor. */
function readRows(data: SensorData, list: unknown[], path: string): void {
  const rows = list.map((row, index) => {
    if (!isObject(row)) throw problem(`${path}/${index}`, `${shown(row)} is not a row like {"temperature": 20.1}`)
    return row
  })
  const columns = new Set(
    rows.flatMap((row) => Object.keys(row).filter((key) => isColumn(key) && typeof row[key] === 'number')),
  )
  rows.forEach((row, index) => {
    for (const column of columns) {
      if (!(column in row)) continue
      const place = `${path}/${index}/${escapePointer(column)}`
      add(data, column, { ...timeOf(row), value: numberOf(row[column], place) }, place)
    }
  })
}

/** Numbers, or `{"value": 20.1, "timestamp": ...}`. */
function readSeries(data: SensorData, label: string, series: unknown[], path: string): void {
  if (series.length === 0) throw problem(path, `sensor "${label}" has no values`)
  series.forEach((item, index) => add(data, label, readingOf(item, `${path}/${index}`), `${path}/${index}`))
}

function add(data: SensorData, label: string, reading: Reading, path: string): void {
  const readings = data.sensors.get(label)
  if (readings !== undefined) {
    readings.push(reading)
    return
  }
  if (label === '' || label.length > MAX_NAME_LENGTH || label === '__proto__') {
    throw problem(path, `${shown(label)} cannot name a sensor; a name has 1 to ${MAX_NAME_LENGTH} characters`)
  }
  if (data.sensors.size === MAX_SENSORS)
    throw problem(path, `there are more than ${MAX_SENSORS} sensors; split the data`)
  data.sensors.set(label, [reading])
}

function readingOf(item: unknown, path: string): Reading {
  if (!isObject(item)) return { value: numberOf(item, path) }
  if (!('value' in item)) throw problem(path, 'the reading has no `value`')
  return { ...timeOf(item), value: numberOf(item['value'], `${path}/value`) }
}

function numberOf(value: unknown, path: string): number {
  if (typeof value !== 'number') throw problem(path, `${shown(value)} is not a number; leave a missing reading out`)
  if (!(Math.abs(value) <= MAX_VALUE))
    throw problem(path, `${value} is out of range; the greatest magnitude is ${MAX_VALUE}`)
  return value
}

function labelOf(item: unknown, path: string): string {
  const key = isObject(item) ? LABELS.find((candidate) => candidate in item) : undefined
  const label = key === undefined ? undefined : (item as JsonObject)[key]
  if (typeof label === 'string' || typeof label === 'number') return String(label)
  throw problem(path, 'the item does not name its sensor (`sensor`, `sensor_id` or `name`)')
}

/** The item's time as it was given; text that is too long to be one is left out. */
function timeOf(item: JsonObject): { timestamp?: string | number } {
  const time = TIMES.map((key) => item[key]).find((value) => value !== undefined)
  const isTime = typeof time === 'number' || (typeof time === 'string' && time.length <= MAX_TIMESTAMP_LENGTH)
  return isTime ? { timestamp: time } : {}
}

/** Sorts where every reading has a time that can be read; readings of the same time keep their order. */
function sortByTime(readings: Reading[]): void {
  const times = new Map(readings.map((reading) => [reading, millisecondsOf(reading.timestamp)]))
  if ([...times.values()].some(Number.isNaN)) return
  readings.sort((a, b) => (times.get(a) ?? 0) - (times.get(b) ?? 0))
}

function millisecondsOf(timestamp: string | number | undefined): number {
  return typeof timestamp === 'string' ? Date.parse(timestamp) : (timestamp ?? Number.NaN)
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a key of a row may name a sensor, rather than the time or what was measured. */
function isColumn(key: string): boolean {
  return !TIMES.includes(key) && !LABELS.includes(key) && !key.endsWith('_id')
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function problem(path: string, message: string): PermanentError {
  return new PermanentError(`sensor data at ${path === '' ? 'the top' : path}: ${message}`, { code: 'sensor_data' })
}
