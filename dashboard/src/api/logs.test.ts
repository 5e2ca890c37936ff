import { describe, expect, it } from 'vitest'
import { MOST_LINES, readFrom, withLines } from './logs.ts'
import type { LogLine } from './shapes.ts'

const line = (id: number) => ({ id }) as LogLine
const ids = (logs: ReturnType<typeof withLines>) => logs.lines.map(({ id }) => id)

describe('log lines', () => {
  it('are kept in order, each once, however late one comes', () => {
    const first = withLines(undefined, [line(1), line(3)], false)
    const second = withLines(first, [line(3), line(2), line(4)])
    expect(ids(second)).toEqual([1, 2, 3, 4])
    expect(second.hasMore).toBe(false)
  })

  it('stay the same object where nothing is new', () => {
    const logs = withLines(undefined, [line(1), line(2)], false)
    expect(withLines(logs, [])).toBe(logs)
    expect(withLines(logs, [line(1), line(2)])).toBe(logs)
  })

  it('are read again from some before the last on, for one that comes late', () => {
    const logs = withLines(undefined, [line(1), line(5_000)], false)
    expect(readFrom(logs)).toBeGreaterThan(1)
    expect(readFrom(logs)).toBeLessThan(5_000)
    expect(readFrom(withLines(undefined, [line(7)], false))).toBe(0)
    expect(readFrom(undefined)).toBeUndefined()
  })

  it('are let go from the oldest on when they are too many', () => {
    const many = Array.from({ length: MOST_LINES }, (_, index) => line(index + 1))
    const logs = withLines(withLines(undefined, many, false), [line(MOST_LINES + 1)])
    expect(logs.lines).toHaveLength(MOST_LINES)
    expect(logs.lines[0]?.id).toBe(2)
    expect(logs.isCut).toBe(true)
  })
})
