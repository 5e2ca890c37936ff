import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder of our package.json, from the sources as well as from `dist/`: where `drizzle/` and `examples/` are. */
export const PACKAGE_ROOT = findPackageRoot(import.meta.dirname)

function findPackageRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder
  const parent = dirname(folder)
  if (parent === folder) throw new Error(`no package.json in or above ${import.meta.dirname}`)
  return findPackageRoot(parent)
}
