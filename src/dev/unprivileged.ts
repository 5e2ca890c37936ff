import { execFile } from 'node:child_process'
import { access, chown, constants, mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { SluiceError } from '../errors.ts'

const run = promisify(execFile)

/** How to start a program that refuses to run as root. */
export interface Launcher {
  /** Put before the program and its arguments; the last of them replaces itself by the program, so the pid stays. */
  prefix: readonly string[]
  /** Passed to `spawn`. */
  ids: { uid?: number; gid?: number }
}

/** Uid and gid of `nobody`, which the program believes itself to be. */
const NOBODY = '65534'
const USER_NAMESPACE = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`]

/**
 * Finds a way to run Postgres on `folder`, which is created. Not root: as we are. Root: in a user namespace (util-linux
 * 2.38 or newer), where files stay root's and the process sees another uid; that creates no user, and works below folders
 * that only root may enter. Where that is forbidden: as the system's user `postgres`, created if missing, who then owns
 * the folder. Throws `unavailable` with the remedy where neither works.
 */
export async function unprivilegedLauncher(folder: string): Promise<Launcher> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (process.getuid?.() !== 0) return { prefix: [], ids: {} }
  const owner = await stat(folder)
  if (owner.uid === 0 && (await succeeds([...USER_NAMESPACE, 'true']))) return { prefix: USER_NAMESPACE, ids: {} }
  const ids = await postgresUser()
  const blocked = ids && (await closedFolder(dirname(resolve(folder)), ids))
  if (ids === undefined || blocked !== undefined) {
    const reason =
      blocked === undefined ? 'no user "postgres" could be created' : `another user cannot enter ${blocked}`
    throw new SluiceError(
      'unavailable',
      `Postgres refuses to run as root, user namespaces are not allowed here, and ${reason}. ` +
        'Start as another user, or set SLUICE_HOME to a folder that others may enter, or set DATABASE_URL to a Postgres that runs already.',
    )
  }
  await chown(folder, ids.uid, ids.gid)
  return { prefix: [], ids }
}

async function succeeds([command = '', ...args]: string[]): Promise<boolean> {
  return await run(command, args).then(
    () => true,
    () => false,
  )
}

async function postgresUser(): Promise<{ uid: number; gid: number } | undefined> {
  const known = await lookUp()
  if (known !== undefined) return known
  await succeeds([
    'useradd',
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    'postgres',
  ])
  return await lookUp()
}

async function lookUp(): Promise<{ uid: number; gid: number } | undefined> {
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const [, , uid, gid] = users.match(/^postgres:.*$/m)?.[0].split(':') ?? []
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
}

/** The nearest folder, from `folder` up, that a user with these ids may not pass through. */
async function closedFolder(folder: string, ids: { uid: number; gid: number }): Promise<string | undefined> {
  await access(folder, constants.F_OK)
  const { mode, uid, gid } = await stat(folder)
  const bit = uid === ids.uid ? 0o100 : gid === ids.gid ? 0o010 : 0o001
  if ((mode & bit) === 0) return folder
  const parent = dirname(folder)
  return parent === folder ? undefined : await closedFolder(parent, ids)
}
