import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * What `npm start` and `npm test` need before anything of ours can run: the packages of the lock file, and `dist/` made
 * of the sources as they are. Node built-ins only.
 */

export const ROOT = resolve(fileURLToPath(import.meta.url), '../..')

/** Runs a command in the package; its output goes to standard error. Exits with its code where it fails. */
export function run(command, args, environment = {}) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...environment },
  })
  if (status === 0) return
  console.error(`${[command, ...args].join(' ')} failed (${error?.message ?? signal ?? `exit code ${status}`})`)
  process.exit(status || 1)
}

/** Exits with the remedy where this Node is too old. */
export function requireNode() {
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).engines.node
  const [major, minor] = wanted.replace('>=', '').split('.').map(Number)
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number)
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return
  console.error(`Sluice needs Node ${wanted}; this is ${process.versions.node}. https://nodejs.org has newer ones.`)
  process.exit(1)
}

/** `npm ci`, where node_modules is not what the lock file says. `folder`: of another package than ours. */
export function installPackages(folder = '.') {
  if (packagesAreCurrent(folder)) return
  console.error(`Installing packages from the lock file${folder === '.' ? '' : ` of ${folder}`}…`)
  run('npm', ['ci', '--no-audit', '--no-fund', '--prefix', folder])
}

/** `npm run build`, where dist/ is missing or older than a source. */
export function build() {
  if (buildIsCurrent()) return
  console.error('Building…')
  run(process.execPath, [join(ROOT, 'scripts/build.mjs')])
}

function packagesAreCurrent(folder) {
  const installed = readJson(join(folder, 'node_modules/.package-lock.json'))?.packages
  const wanted = readJson(join(folder, 'package-lock.json'))?.packages
  if (installed === undefined || wanted === undefined) return false
  // npm leaves out optional packages of other platforms, and says nothing of the root.
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true
    const found = installed[path]
    return found === undefined ? entry.optional === true : found.version === entry.version
  })
}

/** Written by scripts/build.mjs when everything is compiled. */
export const BUILD_STAMP = join(ROOT, 'dist/.built')

function buildIsCurrent() {
  if (!existsSync(BUILD_STAMP)) return false
  const builtMs = statSync(BUILD_STAMP).mtimeMs
  const sources = ['src', 'workers', 'dashboard', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json']
  return sources.every((source) => newestMs(join(ROOT, source)) <= builtMs)
}

function newestMs(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  // A folder's own time tells of files that were removed.
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))))
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
  } catch {
    return undefined
  }
}
