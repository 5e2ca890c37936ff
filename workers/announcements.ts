import type { AnnouncedAction } from '../src/db/workers.ts'
import type { ActionRegistry } from './registry.ts'

/** What a process tells the others of the actions that it has loaded. */
export function announcementsOf(registry: ActionRegistry): AnnouncedAction[] {
  return registry.list().map(({ action, builtIn, inputSchema, outputSchema }) => ({
    name: action.name,
    kind: action.kind,
    description: action.description,
    builtIn,
    inputSchema,
    outputSchema,
  }))
}
