import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readSearch, writeSearch } from './search.ts'
import { oneOf, someOf, text, whole, withMisread } from './search-fields.ts'

describe('search params', () => {
  it('are written as they are read', () => {
    const search = { status: ['failed', 'queued'], q: 'a b&c=d', tab: 'logs' }
    expect(writeSearch(search)).toBe('?status=failed&status=queued&q=a+b%26c%3Dd&tab=logs')
    expect(readSearch(writeSearch(search))).toEqual(search)
  })

  it('leave out what says nothing', () => {
    expect(writeSearch({ a: undefined, b: null, c: '', d: [] })).toBe('')
    expect(writeSearch({ page: 2, all: false })).toBe('?page=2&all=false')
  })

  it('with wrong values count as not given', () => {
    const fields = z.object({ tab: oneOf(['a', 'b']), status: someOf(['x', 'y']), line: whole(), q: text() })
    expect(fields.parse({ tab: 'c', status: ['x', 'z'], line: '7', q: 'hi' })).toEqual({
      status: ['x'],
      line: 7,
      q: 'hi',
    })
    expect(fields.parse({ tab: ['a', 'b'], status: 'y', line: '-1', q: '' })).toEqual({ status: ['y'] })
    expect(fields.parse({})).toEqual({})
  })

  it('keep what is not understood of a filter', () => {
    const read = withMisread(z.object({ tab: oneOf(['a', 'b']), status: someOf(['x', 'y']), q: text() }), [
      'status',
      'q',
    ])
    expect(read({ tab: 'c', status: 'x,z', q: 'a, b' })).toEqual({ status: ['x'], q: 'a, b', misread: ['status=z'] })
    expect(read({ status: 'z', misread: 'status=z' })).toEqual({ misread: ['status=z'] })
    expect(read({ status: ['x', 'y'] })).toEqual({ status: ['x', 'y'] })
  })

  it('may name several words as the API takes them', () => {
    const fields = z.object({ status: someOf(['x', 'y']) })
    expect(fields.parse({ status: 'x,y' })).toEqual({ status: ['x', 'y'] })
    expect(fields.parse({ status: ['x,z', 'y'] })).toEqual({ status: ['x', 'y'] })
  })
})
