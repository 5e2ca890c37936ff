import { z } from 'zod'

/**
 * Fields of a page's search params. What a URL says wrong counts as not said, so that an old or broken link still opens
 * its page.
 */

/** One of some words; undefined where none is given. */
export function oneOf<const Word extends string>(words: readonly Word[]) {
  return z.enum(words).optional().catch(undefined)
}

/** Some of some words, `?status=failed&status=queued`; undefined where none is given. */
export function someOf<const Word extends string>(words: readonly Word[]) {
  const known = z.enum(words)
  return z
    .preprocess((given) => (given === undefined ? undefined : [given].flat()), z.array(z.unknown()).optional())
    .transform((given) => {
      const kept = given?.flatMap((one) => known.safeParse(one).data ?? []) ?? []
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
