import fc from 'fast-check'
import { z } from '@hono/zod-openapi'
import { describe, expect, it } from 'vitest'
import { decodeCursor, pageFrom, pageQuery, UUID } from './pages.ts'

const read = { key: (row: number) => `key-${row}`, item: (row: number) => row * 10 }

describe('pages', () => {
  it('the last page has no cursor', () => {
    expect(pageFrom([1, 2], 2, read)).toEqual({ items: [10, 20], next_cursor: null })
  })

  it("a page's cursor is the key of its last row", () => {
    const page = pageFrom([1, 2, 3], 2, read)
    expect(page.items).toEqual([10, 20])
    expect(decodeCursor(page.next_cursor ?? '', /^key-\d$/)).toBe('key-2')
  })

  it('no page ends with the cursor undefined', () => {
    expect(decodeCursor(undefined, UUID)).toBeUndefined()
  })

  it('any text that is no cursor of the list is refused', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => decodeCursor(text, UUID)).toThrow('The cursor is not one of this list.')
      }),
    )
  })

  it.each([['0'], ['201'], ['-1'], ['1.5'], ['ten'], ['']])('a limit of "%s" is refused', (limit) => {
    expect(z.object(pageQuery).safeParse({ limit }).success).toBe(false)
  })

  it('the limit is 50 unless told', () => {
    expect(z.object(pageQuery).parse({})).toEqual({ limit: 50 })
    expect(z.object(pageQuery).parse({ limit: '200' })).toEqual({ limit: 200 })
  })
})
