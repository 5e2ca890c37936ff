import { describe, expect, it } from 'vitest'
import { cronFault, nextTimes, timezoneFault } from './cron.ts'

const after = (cron: string, timezone: string, moment: string, count: number) =>
  nextTimes({ cron, timezone }, new Date(moment), count).map((time) => time.toISOString().slice(5, 16))

describe('daylight saving time in Berlin', () => {
  it('a daily time that the spring leaves out comes at the end of the gap, and on the next day as ever', () => {
    expect(after('30 2 * * *', 'Europe/Berlin', '2027-03-26T12:00:00Z', 3)).toEqual([
      '03-27T01:30',
      '03-28T01:00',
      '03-29T00:30',
    ])
  })

  it('a daily time that the autumn has twice comes once', () => {
    expect(after('30 2 * * *', 'Europe/Berlin', '2027-10-29T12:00:00Z', 3)).toEqual([
      '10-30T00:30',
      '10-31T00:30',
      '11-01T01:30',
    ])
  })

  it.each<[string, string]>([
    ['2027-03-28T00:15:00Z', '03-28'],
    ['2027-10-31T00:15:00Z', '10-31'],
  ])('every half hour is every half hour, %s', (moment, day) => {
    expect(after('*/30 * * * *', 'Europe/Berlin', moment, 4)).toEqual([
      `${day}T00:30`,
      `${day}T01:00`,
      `${day}T01:30`,
      `${day}T02:00`,
    ])
  })
})

it('a time that is now is not the next one', () => {
  expect(after('0 12 * * *', 'UTC', '2027-01-01T12:00:00Z', 1)).toEqual(['01-02T12:00'])
})

it('the same hour is another moment in another zone', () => {
  const nine = ['UTC', 'America/New_York', 'Asia/Kolkata'].map((zone) =>
    after('0 9 * * *', zone, '2027-01-01T00:00:00Z', 1),
  )
  expect(nine).toEqual([['01-01T09:00'], ['01-01T14:00'], ['01-01T03:30']])
})

it('the 29th of February comes every fourth year', () => {
  const [next] = nextTimes({ cron: '0 0 29 2 *', timezone: 'UTC' }, new Date('2025-01-01T00:00:00Z'), 1)
  expect(next?.toISOString()).toBe('2028-02-29T00:00:00.000Z')
})

it.each<[string, string]>([
  ['61 * * * *', 'the field minute cannot be "61"'],
  ['* 24 * * *', 'the field hour cannot be "24"'],
  ['* * 0 * *', 'the field day of month cannot be "0"'],
  ['* * * 13 *', 'the field month cannot be "13"'],
  ['* * * * MOON', 'the field day of week cannot be "MOON"'],
  ['* * * *', 'has 4 fields, not 5'],
  ['0 0 30 2 *', 'there is no such day'],
  ['@reboot', '@reboot'],
  ['', 'fields, not 5'],
])('"%s" is refused, and the message names the field', (cron, text) => {
  expect(cronFault(cron)).toContain(text)
})

it.each(['* * * * *', '*/5 9-17 * * MON-FRI', '@daily', ' 0 0 1 1 * '])('"%s" is accepted', (cron) => {
  expect(cronFault(cron)).toBeNull()
})

it('a zone has a name', () => {
  expect(timezoneFault('Europe/Berlin')).toBeNull()
  expect(timezoneFault('Mars/Olympus')).toContain('is no time zone')
  expect(timezoneFault('+02:00')).toContain('is no time zone')
})
