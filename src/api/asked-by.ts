import type { Context } from 'hono'
import type { Asked } from '../engine/control.ts'

/** Who asks for a control: the client of a request, for as long as its connection lasts. */
export function askedBy(c: Context): Asked {
  return { signal: c.req.raw.signal }
}
