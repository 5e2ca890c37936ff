import type { ExecutableAction } from '../src/engine/perform.ts'
import type { AnyAction } from './action.ts'
import type { ActionRegistry } from './registry.ts'
import { z } from 'zod'

/** The registry as the engine sees it: actions whose schemas have become checks. */
export function executableActions(registry: ActionRegistry): (name: string) => ExecutableAction | undefined {
  const known = new Map(registry.list().map(({ action }) => [action.name, executable(action)]))
  return (name) => known.get(name)
}

function executable(action: AnyAction): ExecutableAction {
  const checks = {
    name: action.name,
    checkInput: (value: unknown) => parse(action.input, withoutInput(action, value)),
    checkOutput: (value: unknown) => parse(action.output, value),
  }
  return action.kind === 'action'
    ? { ...checks, kind: 'action', run: (context) => action.run(context) }
    : { ...checks, kind: 'transaction', transaction: (tx, context) => action.transaction(tx, context) }
}

/** A step without `input` gives its action nothing; an action that insists on an object gets an empty one. */
function withoutInput(action: AnyAction, value: unknown): unknown {
  if (value !== undefined) return value
  return action.input.safeParse(undefined).success ? undefined : {}
}

function parse(schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new Error(z.prettifyError(result.error).replaceAll('\n', ' '))
}
