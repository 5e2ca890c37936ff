import { z } from 'zod'
import { toastNotice } from '../parts/toasts.tsx'

/**
 * Fields of a page's search params. What a URL says wrong counts as not said, so that an old or broken link still opens
 * its page. Where more is shown for it, that is told.
 */

/** One of some words; undefined where none is given. */
export function oneOf<const Word extends string>(words: readonly Word[]) {
  return z.enum(words).optional().catch(undefined)
}

/** A field that leaves something out: told where it is not understood. */
export function filter<Field extends z.ZodType>(field: Field) {
  return field.optional().catch(() => tellMisread())
}

/** Some of some words, `?status=failed&status=queued` or, as the API takes it too, `?status=failed,queued`; a filter. */
export function someOf<const Word extends string>(words: readonly Word[]) {
  const known = z.enum(words)
  return z
    .preprocess((given) => (given === undefined ? undefined : [given].flat()), z.array(z.unknown()).optional())
    .transform((given = []) => {
      const asked = given.flatMap((one) => String(one).split(',')).filter((one) => one !== '')
      const kept = asked.flatMap((one) => known.safeParse(one).data ?? [])
      if (kept.length < asked.length) tellMisread()
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

function tellMisread(): undefined {
  // Fields are read while pages are drawn, when nothing else may be.
  queueMicrotask(() => toastNotice('A filter in the address was not understood: more may be shown than was asked for.'))
}
