import { describe, expect, it } from 'vitest'
import { readableLogLine } from './log-lines.ts'

describe('a line of a log', () => {
  it('is shown as columns, with its fields after the message', () => {
    const line = JSON.stringify({
      level: 30,
      time: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
      pid: 7,
      name: 'api',
      port: 3000,
      queues: ['a'],
      msg: 'listening',
    })
    expect(readableLogLine('api', line)).toBe('03:04:05.006 api       info  listening port=3000 queues=["a"]')
  })

  it('shows the stack of an error below', () => {
    const line = JSON.stringify({
      level: 50,
      time: 0,
      msg: 'broken',
      err: { message: 'no', stack: 'Error: no\n  at x' },
    })
    expect(readableLogLine('worker 1', line).split('\n')).toEqual([
      '00:00:00.000 worker 1  error broken',
      '             Error: no',
      '               at x',
    ])
  })

  it('is left as it is where it is no JSON of ours', () => {
    expect(readableLogLine('api', 'Segmentation fault')).toMatch(/^ +api +Segmentation fault$/)
    expect(readableLogLine('api', '{"level":30,')).toContain('{"level":30,')
  })
})
