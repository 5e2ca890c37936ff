import { z } from 'zod'

/**
 * Fields of a page's search params. What a URL says wrong counts as not said, so that an old or broken link still opens
 * its page. Where more would be shown for it, {@link withMisread} keeps what was said.
 */

/** One of some words; undefined where none is given. */
export function oneOf<const Word extends string>(words: readonly Word[]) {
  return z.enum(words).optional().catch(undefined)
}

/** Some of some words, `?status=failed&status=queued` or, as the API takes it too, `?status=failed,queued`; a filter. */
export function someOf<const Word extends string>(words: readonly Word[]) {
  const known = z.enum(words)
  return z
    .preprocess((given) => (given === undefined ? undefined : [given].flat()), z.array(z.unknown()).optional())
    .transform((given = []) => {
      const asked = given.flatMap((one) => String(one).split(',')).filter((one) => one !== '')
      const kept = asked.flatMap((one) => known.safeParse(one).data ?? [])
      return kept.length === 0 ? undefined : kept
    })
    .optional()
}

/** Any text; undefined where none is given. */
export function text() {
  return z.string().min(1).optional().catch(undefined)
}

/** A whole number from 0; undefined where none is given. */
export function whole() {
  return z.coerce.number().int().min(0).optional().catch(undefined)
}

/** What a URL asks for and nobody understands, each as `name=value`; undefined: nothing. It stays in the URL. */
export type Misread = { misread?: string[] | undefined }

/** Reads fields, and keeps what is not understood of those that are filters: no list is to look as if it were filtered. */
export function withMisread<Fields extends z.ZodObject>(fields: Fields, filters: readonly (keyof z.output<Fields>)[]) {
  return (given: Record<string, unknown>): z.output<Fields> & Misread => {
    const read = fields.parse(given)
    const lost = filters.flatMap((name) => {
      const kept = wordsOf(read[name])
      const asked = wordsOf(given[String(name)])
      return asked.filter((word) => !kept.includes(word)).map((word) => `${String(name)}=${word}`)
    })
    const misread = [...new Set([...[given['misread'] ?? []].flat().map(String), ...lost])]
    return misread.length === 0 ? read : { ...read, misread }
  }
}

function wordsOf(value: unknown): string[] {
  const texts = [value ?? []].flat().map(String)
  return texts.flatMap((text) => text.split(',')).filter((word) => word !== '')
}
