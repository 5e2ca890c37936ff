import { messageOf } from '../errors.ts'

/** Where JSON text goes wrong, and how; null where it parses. Lines and columns count from 1. */
export interface SyntaxFault {
  message: string
  line: number
  column: number
}

/** Finds the first place where a text is not JSON. Costs one parse where there is none, about twenty where there is. */
export function findSyntaxFault(text: string): SyntaxFault | null {
  const error = errorOf(text)
  if (error === null) return null
  const lines = text.slice(0, offsetOf(error, text)).split('\n')
  return { message: reasonOf(error), line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
}

function errorOf(text: string): string | null {
  try {
    JSON.parse(text)
    return null
  } catch (error) {
    return messageOf(error)
  }
}

/** The engine's message without its own ways of telling the place. */
function reasonOf(message: string): string {
  return message
    .replace(/ in JSON at position \d+[^]*$/, '')
    .replace(/ (after JSON) at position \d+[^]*$/, ' $1')
    .replace(/, (\.\.\.)?"[^]*$/, '')
    .replace(/ of JSON input$/, '')
}

/** V8 names the position in most of its messages; of an unexpected token it only quotes the neighbourhood. */
function offsetOf(message: string, text: string): number {
  const named = /at position (\d+)/.exec(message)?.[1]
  if (named !== undefined) return Number(named)
  if (message.startsWith('Unexpected end')) return text.length
  return endOfSoundPrefix(text)
}

/** Length of the longest prefix that only lacks its end: the text's fault is the character behind it. */
function endOfSoundPrefix(text: string): number {
  let sound = 0
  let faulty = text.length
  while (faulty - sound > 1) {
    const middle = (sound + faulty) >>> 1
    if (lacksOnlyItsEnd(text.slice(0, middle))) sound = middle
    else faulty = middle
  }
  return sound
}

function lacksOnlyItsEnd(prefix: string): boolean {
  const error = errorOf(prefix)
  if (error === null || error.startsWith('Unexpected end')) return true
  return Number(/at position (\d+)/.exec(error)?.[1] ?? -1) === prefix.length
}
