import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findSyntaxFault } from './json-syntax.ts'

describe('findSyntaxFault', () => {
  it.each([
    ['{"a":1,}', 'Expected double-quoted property name', 1, 8],
    ['{\n  "a": x\n}', "Unexpected token 'x'", 2, 8],
    ['[1, 2\n', "Expected ',' or ']' after array element", 2, 1],
    ['{"a": nul}', "Unexpected token '}'", 1, 10],
    ['{"a": 1} x', 'Unexpected non-whitespace character after JSON', 1, 10],
    [`${' '.repeat(100)}%`, "Unexpected token '%'", 1, 101],
    ['{"a": "', 'Unterminated string', 1, 8],
    ['tru', 'Unexpected end', 1, 4],
  ])('%j is wrong because of: %s', (text, message, line, column) => {
    expect(findSyntaxFault(text)).toEqual({ message, line, column })
  })

  it('finds nothing in JSON', () => {
    fc.assert(fc.property(fc.json(), (text) => findSyntaxFault(text) === null))
  })

  it('finds a foreign character where it stands', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(findSyntaxFault(`[${text}, %]`)).toMatchObject({ line: 1, column: text.length + 4 })
      }),
    )
  })
})
