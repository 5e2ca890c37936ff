import { describe, expect, it } from 'vitest'
import { cronText, previewOf } from './cron-text.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')

describe('a cron expression', () => {
  it('is told in words, nicknames too', () => {
    expect(cronText('30 2 * * MON-FRI')).toBe('At 02:30, Monday through Friday')
    expect(cronText('@daily')).toBe('Every day at 00:00')
  })

  it('has its next times in its own zone', () => {
    const preview = previewOf({ cron: '30 2 * * *', timezone: 'America/New_York' }, NOW)
    expect(preview).toMatchObject({ text: 'At 02:30' })
    expect('times' in preview && preview.times[0]?.toISOString()).toBe('2026-11-22T07:30:00.000Z')
  })

  it('that is wrong is told by its field, a zone that is wrong beside it', () => {
    expect(previewOf({ cron: '61 * * * *', timezone: 'Mars/Olympus' }, NOW)).toEqual({
      cron: '"61 * * * *": the field minute cannot be "61"',
      timezone: '"Mars/Olympus" is no time zone; use an IANA name such as Europe/Berlin',
    })
    expect(previewOf({ cron: ' ', timezone: 'UTC' }, NOW)).toEqual({ cron: 'Needed' })
  })
})
