import { readdir, stat } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createJiti } from 'jiti'
import * as zod from 'zod'
import { messageOf, SluiceError } from '../src/errors.ts'
import type { Logger } from '../src/log.ts'
import { isStepType, type Json } from '../src/workflow/definition.ts'
import * as sluice from './action.ts'

/**
 * Finds the actions that a worker can execute: every export that is an action, of every file in `workers/actions/` and in
 * the user's folder. Files are found by being there, so a new one needs no change elsewhere.
 *
 * User files may be TypeScript on any Node: jiti strips the types. What they import as `sluice` and `zod` are the very
 * modules that the worker itself uses, so that `instanceof PermanentError` and schemas hold across the border.
 */

/** An action and what is known of it without running it. */
export interface RegisteredAction {
  action: sluice.AnyAction
  /** Whether it comes with Sluice, rather than from the user's folder. */
  builtIn: boolean
  /** JSON Schema 2020-12 of what the action accepts. */
  inputSchema: Json
  /** JSON Schema 2020-12 of what the step's output will be. */
  outputSchema: Json
  /** The file that exports it, as an absolute path. */
  source: string
}

/** The actions of one process; it does not change once loaded. */
export interface ActionRegistry {
  /** The action of that name, or undefined. */
  get(name: string): sluice.AnyAction | undefined
  /** All actions, by name. */
  list(): RegisteredAction[]
}

/** Letters that an action's name may have. */
const ACTION_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

const BUILT_IN_FOLDER = fileURLToPath(new URL('./actions/', import.meta.url))
const USER_EXTENSIONS = ['.ts', '.mts', '.js', '.mjs']

/**
 * Loads the built-in actions, and those of `folder` (the value of `SLUICE_ACTIONS`; relative to the working directory,
 * not recursive).
 *
 * @throws SluiceError `invalid_config` when the folder is missing, a file throws or exports no action, or an action has
 * an unusable name, one that is taken, or a malformed declaration. The message names the file and the remedy.
 */
export async function loadActions(options: { folder?: string | undefined; log: Logger }): Promise<ActionRegistry> {
  const found = new Map<string, RegisteredAction>()
  for (const file of await listActionFiles(BUILT_IN_FOLDER, [extname(import.meta.url)])) {
    register(found, file, true, await importFile(file, (path) => import(/* @vite-ignore */ pathToFileURL(path).href)))
  }
  if (options.folder !== undefined) {
    await loadUserFolder(found, resolve(options.folder))
  }
  const names = [...found.values()].filter((entry) => !entry.builtIn).map((entry) => entry.action.name)
  options.log.info({ builtIn: found.size - names.length, folder: options.folder, names }, 'actions loaded')
  return registryOf(found)
}

function registryOf(found: Map<string, RegisteredAction>): ActionRegistry {
  const sorted = [...found.values()].toSorted((a, b) => (a.action.name < b.action.name ? -1 : 1))
  return { get: (name) => found.get(name)?.action, list: () => [...sorted] }
}

async function loadUserFolder(found: Map<string, RegisteredAction>, folder: string): Promise<void> {
  const isFolder = await stat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
  if (!isFolder) {
    throw refusal(`there is no folder ${folder}; create it, or set SLUICE_ACTIONS to the folder of your actions`)
  }
  const jiti = createJiti(import.meta.url, {
    virtualModules: { sluice, zod },
    fsCache: false,
    interopDefault: false,
  })
  for (const file of await listActionFiles(folder, USER_EXTENSIONS)) {
    register(found, file, false, await importFile(file, (path) => jiti.import(path)))
  }
}

/** Files of the folder itself that may hold actions, sorted, so that an error is the same each time. */
async function listActionFiles(folder: string, extensions: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory() && extensions.includes(extname(entry.name)))
    .filter((entry) => !/\.(d|test)\.[^.]+$/.test(entry.name))
    .map((entry) => join(folder, entry.name))
    .toSorted()
}

async function importFile(file: string, load: (path: string) => Promise<unknown>): Promise<object> {
  try {
    const exported = await load(file)
    return typeof exported === 'object' && exported !== null ? exported : { default: exported }
  } catch (error) {
    throw refusal(`${file} cannot be loaded: ${messageOf(error)}`, error)
  }
}

/** Registers each action among the exports of a file, once, however many names it is exported under. */
function register(found: Map<string, RegisteredAction>, file: string, builtIn: boolean, exported: object): void {
  const actions = new Set(Object.values(exported).flatMap((value) => (looksLikeAction(value) ? [value] : [])))
  if (actions.size === 0) {
    throw refusal(
      `${file} exports no action; export one made by defineAction or defineTransaction, or move the file into a subfolder`,
    )
  }
  for (const action of actions) {
    const taken = found.get(action.name)
    if (taken?.action === action) continue
    checkDeclaration(file, builtIn, action)
    if (taken !== undefined) {
      const owner = taken.builtIn ? 'the built-in' : 'an'
      throw refusal(`${file} exports ${owner} action "${action.name}" of ${taken.source} again; rename one of them`)
    }
    found.set(action.name, { action, builtIn, source: file, ...schemasOf(file, action) })
  }
}

/** By its shape rather than by its origin: a file may have imported another copy of this package. */
function looksLikeAction(value: unknown): value is sluice.AnyAction {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    ['action', 'transaction'].includes(String(value.kind))
  )
}

function checkDeclaration(file: string, builtIn: boolean, action: sluice.AnyAction): void {
  const name: unknown = action.name
  if (typeof name !== 'string' || !ACTION_NAME.test(name)) {
    throw refusal(
      `${file} exports an action named ${JSON.stringify(name)}; a name is a letter or digit followed by at most 127 letters, digits, . _ or -`,
    )
  }
  // Ours may do what a step type of that name does.
  if (!builtIn && isStepType(name)) {
    throw refusal(`${file} exports an action named "${name}", which is a step type of the format; choose another name`)
  }
  const member = action.kind === 'action' ? 'run' : 'transaction'
  if (typeof Reflect.get(action, member) !== 'function') {
    throw refusal(`${file}: the action "${name}" has no function \`${member}\``)
  }
  for (const side of ['input', 'output'] as const) {
    if (!(action[side] instanceof zod.ZodType)) {
      throw refusal(`${file}: \`${side}\` of the action "${name}" is not a zod schema; z is exported by 'sluice'`)
    }
  }
}

/** What JSON Schema cannot say (a transformation's result, a Date) is left open: the action's own schema still holds. */
function schemasOf(file: string, action: sluice.AnyAction): Pick<RegisteredAction, 'inputSchema' | 'outputSchema'> {
  try {
    const input = zod.z.toJSONSchema(action.input, { io: 'input', unrepresentable: 'any' }) as Json
    return {
      inputSchema: mayBeLeftOut(action) ? { anyOf: [input, NO_INPUT] } : input,
      outputSchema: zod.z.toJSONSchema(action.output, { io: 'output', unrepresentable: 'any' }) as Json,
    }
  } catch (error) {
    throw refusal(`${file}: the schemas of the action "${action.name}" have no JSON Schema: ${messageOf(error)}`, error)
  }
}

/** What stands for a step without `input` where the schema alone would refuse it: an empty object. */
const NO_INPUT: Json = { type: 'object', maxProperties: 0 }

/** JSON Schema cannot say that a value may be missing altogether (`z.string().optional()`). */
function mayBeLeftOut({ input }: sluice.AnyAction): boolean {
  return input.safeParse(undefined).success && !input.safeParse({}).success
}

function refusal(message: string, cause?: unknown): SluiceError {
  return new SluiceError('invalid_config', `Actions: ${message}`, { cause })
}
