import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** SIGTERM: Postgres lets the sessions end that are still open and then stops, Redis writes its log and stops. */
const PREFIX = ['setpriv', '--pdeathsig', 'TERM']

let supported: Promise<boolean> | undefined

/**
 * The command, preceded (where `setpriv` of Linux is there) by what makes the kernel stop it when this process dies,
 * even by SIGKILL. Elsewhere it outlives us and is found at the next start. The pid stays that of the command.
 */
export async function withParentDeathSignal(command: readonly string[]): Promise<string[]> {
  supported ??= promisify(execFile)(PREFIX[0] ?? '', [...PREFIX.slice(1), 'true']).then(
    () => true,
    () => false,
  )
  return (await supported) ? [...PREFIX, ...command] : [...command]
}
