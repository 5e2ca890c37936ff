import fc from 'fast-check'
import { v7 as uuidv7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { containing, firstUuidAt, isUuid, uuidRange } from './search.ts'

describe('uuidRange', () => {
  it('a uuid lies in the range of each of its prefixes and is found by itself', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 1, max: 36 }), (uuid, length) => {
        const range = uuidRange(uuid.slice(0, length).toUpperCase())
        expect(isUuid(range?.first ?? '') && isUuid(range?.last ?? '')).toBe(true)
        expect((range?.first ?? 'z') <= uuid && uuid <= (range?.last ?? '')).toBe(true)
        if (length === 36) expect(range).toEqual({ first: uuid, last: uuid })
      }),
    )
  })

  it.each([[''], ['x'], ['0190-'], ['01900000x'], ['01900000-0000-0000-0000-0000000000000']])(
    'no uuid begins with "%s"',
    (prefix) => expect(uuidRange(prefix)).toBeNull(),
  )
})

describe('containing', () => {
  it('takes what is special in a pattern literally', () => {
    expect(containing('100%_a\\b')).toBe('%100\\%\\_a\\\\b%')
  })
})

describe('firstUuidAt', () => {
  it('divides the ids made before a moment from those made since', () => {
    const date = new Date('2026-11-21T09:30:00.000Z')
    const made = (msecs: number) => uuidv7({ msecs })
    expect(isUuid(firstUuidAt(date))).toBe(true)
    expect(made(date.getTime() - 1) < firstUuidAt(date)).toBe(true)
    expect(made(date.getTime()) >= firstUuidAt(date)).toBe(true)
    expect(firstUuidAt(new Date(-1))).toBe('00000000-0000-7000-8000-000000000000')
  })
})
