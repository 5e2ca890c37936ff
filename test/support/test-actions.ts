import { createLogger } from '../../src/log.ts'
import type { Json } from '../../src/workflow/definition.ts'
import { z, type AnyAction } from '../../workers/action.ts'
import { loadActions, type ActionRegistry } from '../../workers/registry.ts'

/** The built-in actions, and those of a test. */
export async function registryWith(actions: readonly AnyAction[]): Promise<ActionRegistry> {
  const builtIn = await loadActions({ log: createLogger('test', 'silent') })
  const own = actions.map((action) => ({
    action,
    builtIn: false,
    inputSchema: z.toJSONSchema(action.input, { io: 'input', unrepresentable: 'any' }) as Json,
    outputSchema: z.toJSONSchema(action.output, { io: 'output', unrepresentable: 'any' }) as Json,
    source: 'the test',
  }))
  return {
    get: (name) => own.find(({ action }) => action.name === name)?.action ?? builtIn.get(name),
    list: () => [...builtIn.list(), ...own],
  }
}
