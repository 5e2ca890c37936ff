import { expect } from 'vitest'

const PATIENCE_MS = 45_000

/** Reads again and again, until it is as expected; what a machine under load takes seconds for, too. */
export const expectSoon = <Value>(read: () => Value | Promise<Value>) => expect.poll(read, { timeout: PATIENCE_MS })
