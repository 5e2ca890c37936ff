import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import { freePort } from './free-port.ts'

/** What Postgres and Redis log about a port that is not free, whatever the language: they run in the C locale. */
const TAKEN = 'Address already in use'
const TRIES = 5

/**
 * Starts the server of this folder at a free port: the same as last time where that is free, and another where somebody
 * took the port between the look and the start. Throws what `start` throws.
 */
export async function atRememberedPort<T>(folder: string, start: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const port = await freePort(tries === 1 ? await rememberedPort(folder) : 0)
    await writeFile(join(folder, 'port'), `${port}\n`)
    try {
      return await start(port)
    } catch (error) {
      if (tries === TRIES || !messageOf(error).includes(TAKEN)) throw error
    }
  }
}

/** The port that {@link atRememberedPort} gave to this folder last; 0: none yet. */
export async function rememberedPort(folder: string): Promise<number> {
  return Number(await readFile(join(folder, 'port'), 'utf8').catch(() => 0))
}
