import { createContext, Script } from 'node:vm'
import { mayTakeLong } from '../workflow/input.ts'
import type { Json } from '../workflow/json-value.ts'
import { LIMITS } from '../workflow/limits.ts'

/**
 * Checks by rules that users wrote may take any time: `^(a+)+$` tries two to the power of thirty ways through thirty
 * letters, and `uniqueItems` compares everything with everything. Nothing else happens in the process meanwhile, so their
 * time is limited. V8 can stop whatever it runs, a regular expression too, and `node:vm` is how to ask it to.
 */

/** Work that was stopped. */
export class TookTooLong extends Error {
  override readonly name = 'TookTooLong'
}

const sandbox: { work?: () => void } = {}
const context = createContext(sandbox)
const script = new Script('work()')

/** Work that had no CPU is tried again, so often at most. */
const TRIES = 5
const CPU_SHARE = 0.9

/**
 * What `work` returns, or throws. Throws {@link TookTooLong} where it takes longer than `limitMs` of CPU; it has been stopped
 * wherever it was, so it must be free of effects, and must stand being repeated: time in which others had the CPU does not
 * count. Costs 0.1 ms.
 */
export function withinTime<T>(limitMs: number, work: () => T): T {
  const begin = process.cpuUsage()
  for (let left = TRIES; ; left -= 1) {
    try {
      return run(limitMs, work)
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
      const { user, system } = process.cpuUsage(begin)
      if (left === 1 || user + system > CPU_SHARE * limitMs * 1_000) throw new TookTooLong()
    }
  }
}

function run<T>(limitMs: number, work: () => T): T {
  const results: T[] = []
  sandbox.work = () => {
    results.push(work())
  }
  script.runInContext(context, { timeout: limitMs })
  return results[0] as T
}

/** For messages, behind what it was that {@link TookTooLong}: how long was too long, and what may be wrong with the schema. */
export function takesTooLong(limitMs: number): string {
  return `takes more than ${limitMs / 1_000} s: a pattern of the schema may repeat what repeats, as (a+)+ does`
}

/** What `check` says of a value by a JSON Schema that a user wrote. Throws as {@link withinTime}. */
export function checkInTime<T>(schema: Json, check: () => T): T {
  return mayTakeLong(schema) ? withinTime(LIMITS.schemaCheckMs, check) : check()
}
