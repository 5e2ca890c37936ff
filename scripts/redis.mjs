import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './install.mjs'

/**
 * A Redis for the tests: the one of this machine, else one from Debian's packages, unpacked into .cache/ (as root in CI:
 * installed). Node built-ins only.
 */

const FOLDER = join(ROOT, '.cache/redis')
const UNPACKED = join(FOLDER, 'redis-server')

const REMEDY = `The tests need a Redis, and none could be had here. Any of these helps:
  Debian, Ubuntu   sudo apt-get install redis-server
  macOS            brew install redis
  Fedora           sudo dnf install valkey
  elsewhere        name the program: SLUICE_REDIS_SERVER=/path/to/redis-server npm test`

/** The path or name of a redis-server (or valkey-server) that runs. Exits with the remedy where none can be had. */
export function requireRedis() {
  const configured = process.env.SLUICE_REDIS_SERVER
  if (configured)
    return runs(configured) ? configured : fail(`SLUICE_REDIS_SERVER is "${configured}", but that does not run.`)
  const found = ['redis-server', 'valkey-server', UNPACKED].find(runs)
  if (found !== undefined) return found
  if (!has('apt-get')) return fail('There is no redis-server on the PATH.')
  if (process.env.CI && process.getuid() === 0 && install()) return 'redis-server'
  console.error(`Fetching redis-server from the system's packages into ${FOLDER}…`)
  try {
    unpack()
  } catch (error) {
    return fail(`Fetching redis-server failed: ${error.stderr?.toString().trim() || error.message}`)
  }
  return runs(UNPACKED) ? UNPACKED : fail(`The redis-server in ${FOLDER} does not run.`)
}

function install() {
  // In runlevel 1 Debian's scripts do not start what they install.
  const options = { stdio: ['ignore', 2, 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } }
  const apt = (...args) => spawnSync('apt-get', ['-qq', ...args], options).status === 0
  return apt('update') && apt('install', '-y', '--no-install-recommends', 'redis-server') && runs('redis-server')
}

/** Unpacks the server and those of its libraries that this machine lacks; the package lists are our own, too. */
function unpack() {
  rmSync(FOLDER, { recursive: true, force: true })
  const lists = join(FOLDER, 'lists')
  const archives = join(FOLDER, 'archives')
  for (const folder of [lists, archives]) mkdirSync(join(folder, 'partial'), { recursive: true })
  const options = ['-o', `Dir::State::Lists=${lists}`, '-o', `Dir::Cache=${archives}`, '-o', 'APT::Sandbox::User=root']
  const run = (command, args) =>
    execFileSync(command, args, { cwd: archives, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  run('apt-get', [...options, '-qq', 'update'])
  const depends = run('apt-cache', [...options, 'depends', 'redis-server', 'redis-tools'])
  const libraries = [...depends.matchAll(/^ *\|?Depends: (lib[\w.+-]+)$/gm)].map(([, name]) => name)
  run('apt-get', [
    ...options,
    '-qq',
    'download',
    'redis-server',
    'redis-tools',
    ...libraries.filter((name) => !isInstalled(name)),
  ])
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb')))
    run('dpkg', ['-x', file, join(FOLDER, 'root')])
  for (const folder of [lists, archives]) rmSync(folder, { recursive: true })
  const library = ['usr/lib', 'lib'].flatMap((folder) => libraryFolders(join(FOLDER, 'root', folder)))
  const script = `#!/bin/sh
LD_LIBRARY_PATH='${library.join(':')}'\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
exec '${join(FOLDER, 'root/usr/bin/redis-server')}' "$@"
`
  writeFileSync(UNPACKED, script)
  chmodSync(UNPACKED, 0o755)
}

/** Debian keeps libraries in a folder named by the machine, like x86_64-linux-gnu. */
function libraryFolders(folder) {
  try {
    return readdirSync(folder)
      .filter((name) => name.includes('-linux-'))
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}

function isInstalled(name) {
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' })
  return status === 0 && stdout.includes('install ok installed')
}

const runs = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
const has = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined

function fail(reason) {
  console.error(`${reason}\n${REMEDY}`)
  process.exit(1)
}
