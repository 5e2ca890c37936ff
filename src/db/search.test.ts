import fc from 'fast-check'
import { v7 as uuidv7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { containing, firstUuidAt, isUuid, shortUuid, uuidRange } from './search.ts'

describe('uuidRange', () => {
  it('a uuid lies in the range of each of its prefixes and is found by itself', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 1, max: 36 }), (uuid, length) => {
        const range = uuidRange(uuid.slice(0, length).toUpperCase())
        expect(isUuid(range?.first ?? '') && isUuid(range?.last ?? '')).toBe(true)
        expect((range?.first ?? 'z') <= uuid && uuid <= (range?.last ?? '')).toBe(true)
      }),
    )
  })

  it('the range of a whole uuid is that uuid', () => {
    const uuid = '019aa5b4-8f6e-7b7a-9b0e-0d5f0c7f3a11'
    expect(uuidRange(uuid)).toEqual({ first: uuid, last: uuid })
  })

  it.each([[''], ['x'], ['0190-'], ['01900000x'], ['01900000-0000-0000-0000-0000000000000']])(
    'no uuid begins with "%s"',
    (prefix) => expect(uuidRange(prefix)).toBeNull(),
  )
})

describe('shortUuid', () => {
  it('a short uuid is a range of its beginning, and an end', () => {
    const range = uuidRange('019aa5b4')
    expect(shortUuid('019aa5b4…7f3a11')).toEqual({ ...range, end: '7f3a11' })
    expect(shortUuid('019AA5B4...7F3A11')).toEqual({ ...range, end: '7f3a11' })
  })

  it.each([['…7f3a11'], ['019aa5…7f3a11'], ['019aa5b4…'], ['019aa5b4'], ['019aa5b4…x'], ['019aa5b4…1…2']])(
    '"%s" is none, or would be looked for among too many',
    (text) => expect(shortUuid(text)).toBeNull(),
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
