import type { Database } from '../db/client.ts'
import { readDefinitions } from '../db/workflows.ts'
import { containedWorkflows, containsItself, nameOf, type ContainedWorkflow } from '../workflow/contained-workflows.ts'
import type { Json } from '../workflow/definition.ts'
import { LIMITS } from '../workflow/limits.ts'
import type { Problem } from '../workflow/problems.ts'

/** Definitions read for one answer: whatever is beyond them is left to the limit of depth at run time. */
const MOST_DEFINITIONS = 1_000

type Graph = ReadonlyMap<string, readonly ContainedWorkflow[]>

/**
 * Finds the steps through which a definition contains itself by way of others (a -> b -> a), with the versions that are
 * stored now, as deep as runs may nest. What it contains directly is the business of `validateDefinition`. Two definitions
 * that are stored at the same moment may still contain each other: the limit of depth ends such a run. A definition
 * without `workflow` steps reads nothing.
 */
export async function findContainedCycles(db: Database, definition: Json): Promise<Problem[]> {
  const name = nameOf(definition)
  const contained = containedWorkflows(definition).filter((one) => !isLatestOf(one, name))
  if (name === null || contained.length === 0) return []
  const graph = await readGraph(db, contained, name)
  const names = new Map(contained.map((one) => [keyOf(one), wayBack(one, name, graph)]))
  return contained.flatMap((one) => {
    const way = names.get(keyOf(one)) ?? null
    return way === null ? [] : [{ code: 'cycle' as const, path: one.path, message: containsItself([name, ...way]) }]
  })
}

/** What the contained workflows contain in turn, level by level, a query each. */
async function readGraph(db: Database, contained: readonly ContainedWorkflow[], name: string): Promise<Graph> {
  const graph = new Map<string, readonly ContainedWorkflow[]>()
  let level = contained
  for (let depth = 1; depth <= LIMITS.workflowDepth && level.length > 0; depth += 1) {
    const unknown = level.filter((one) => !graph.has(keyOf(one)) && !isLatestOf(one, name))
    const fresh = [...new Map(unknown.map((one) => [keyOf(one), one])).values()]
    const queries = fresh
      .slice(0, MOST_DEFINITIONS - graph.size)
      .map(({ workflow, version }) => ({ workflow, version }))
    if (queries.length === 0) break
    for (const found of await readDefinitions(db, queries)) {
      graph.set(keyOf(found), containedWorkflows(found.definition))
    }
    level = queries.flatMap((query) => graph.get(keyOf(query)) ?? [])
  }
  return graph
}

/** The names from a contained workflow to the latest version of `name`, the shortest way; null where none leads there. */
function wayBack(from: ContainedWorkflow, name: string, graph: Graph): string[] | null {
  const open = [{ at: from, names: [shown(from)] }]
  const seen = new Set<string>()
  for (const { at, names } of open) {
    if (isLatestOf(at, name)) return names
    if (seen.has(keyOf(at))) continue
    seen.add(keyOf(at))
    for (const next of graph.get(keyOf(at)) ?? []) open.push({ at: next, names: [...names, shown(next)] })
  }
  return null
}

type Version = Pick<ContainedWorkflow, 'workflow' | 'version'>

/** The latest version of the name being validated will be the definition itself. */
function isLatestOf({ workflow, version }: Version, name: string | null): boolean {
  return workflow === name && version === null
}

function keyOf({ workflow, version }: Version): string {
  return JSON.stringify([workflow, version])
}

function shown({ workflow, version }: Version): string {
  return version === null ? workflow : `${workflow} (version ${version})`
}
