/** A stretch of a text: as it stands, or the CEL between `${{` and `}}`. */
export interface TemplatePart {
  kind: 'text' | 'expression'
  text: string
}

/**
 * Splits a text at its `${{ … }}`. Braces of CEL maps nest, and what stands in CEL strings and comments is skipped, so
 * `${{ {"a": {"b": "}}"}} }}` is one expression. Null where an opening has no end. Expressions come trimmed.
 */
export function splitTemplate(text: string): TemplatePart[] | null {
  const parts: TemplatePart[] = []
  let from = 0
  for (let open = text.indexOf('${{'); open !== -1; open = text.indexOf('${{', from)) {
    const close = endOfExpression(text, open + 3)
    if (close === null) return null
    if (open > from) parts.push({ kind: 'text', text: text.slice(from, open) })
    parts.push({ kind: 'expression', text: text.slice(open + 3, close).trim() })
    from = close + 2
  }
  if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) })
  return parts
}

/** Where the `}}` stands that ends the expression beginning at `from`; null if nowhere. */
function endOfExpression(text: string, from: number): number | null {
  let depth = 0
  for (let at = from; at < text.length; at += 1) {
    const character = text[at]
    if (character === '"' || character === "'") at = endOfString(text, at)
    else if (text.startsWith('//', at)) at = endOfLine(text, at)
    else if (character === '{') depth += 1
    else if (character === '}' && depth > 0) depth -= 1
    else if (text.startsWith('}}', at)) return at
  }
  return null
}

/** The last character of the CEL string that opens at `open`: quoted once or thrice, raw where `r` stands before it. */
function endOfString(text: string, open: number): number {
  const quote = text[open] ?? ''
  const mark = text.startsWith(quote.repeat(3), open) ? quote.repeat(3) : quote
  const isRaw = /(?:^|[^A-Za-z0-9_])(?:[bB]?[rR]|[rR][bB])$/.test(text.slice(Math.max(0, open - 3), open))
  for (let at = open + mark.length; at < text.length; at += 1) {
    if (text[at] === '\\' && !isRaw) at += 1
    else if (text.startsWith(mark, at)) return at + mark.length - 1
  }
  return text.length
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end
}
