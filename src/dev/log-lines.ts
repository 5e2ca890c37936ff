import { pino } from 'pino'

/** Width of the column with the names of processes. */
const SOURCE_WIDTH = 9
/** Fields that are shown elsewhere, or say nothing that the name of the process does not say. */
const SHOWN_ELSEWHERE = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'err'])

/** A line of a process's log as people read it: the JSON of {@link createLogger} as columns, anything else as it is. */
export function readableLogLine(source: string, line: string): string {
  const column = source.padEnd(SOURCE_WIDTH)
  const entry = parse(line)
  if (entry === undefined) return `${' '.repeat(12)} ${column} ${line}`
  const time = new Date(Number(entry['time'])).toISOString().slice(11, 23)
  const level = (pino.levels.labels[Number(entry['level'])] ?? '').padEnd(5)
  const fields = Object.entries(entry)
    .filter(([key]) => !SHOWN_ELSEWHERE.has(key))
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return `${time} ${column} ${level} ${typeof entry['msg'] === 'string' ? entry['msg'] : ''}${fields.join('')}${stackOf(entry['err'])}`
}

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{"level":')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}

function stackOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const text = 'stack' in error ? error.stack : 'message' in error ? error.message : error
  return `\n${String(text).replace(/^/gm, ' '.repeat(13))}`
}
