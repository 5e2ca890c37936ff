import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

/** A free port for the server of this folder: the same as last time where that is free. */
export async function choosePort(folder: string): Promise<number> {
  const port = await freePort(await rememberedPort(folder))
  await writeFile(join(folder, 'port'), `${port}\n`)
  return port
}

/** The port that {@link choosePort} gave to this folder last; 0: none yet. */
export async function rememberedPort(folder: string): Promise<number> {
  return Number(await readFile(join(folder, 'port'), 'utf8').catch(() => 0))
}
