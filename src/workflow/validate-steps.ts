import { isLiteral, resolveBinding } from './bindings.ts'
import { isStepType, mapStepSchema, STEP_TYPES } from './definition.ts'
import { readable, type DraftStep } from './draft.ts'
import { checkAgainstSchema } from './input.ts'
import type { Json } from './json-value.ts'
import { misspeltKey } from './nearest.ts'
import { pointer, type ProblemList } from './problems.ts'
import { configSchemaOf, placesOf } from './step-config.ts'
import { checkPlaces, type Surroundings } from './validate-places.ts'
import type { Graph, IsUpstream } from './validate-graph.ts'
import { addIssues } from './validate-shape.ts'

/** What validation knows of the actions that can be used. */
export interface ActionCatalog {
  actions: ReadonlyMap<string, { inputSchema?: unknown; outputSchema?: unknown }>
}

/** What {@link checkSteps} looks at besides the graph. */
interface StepsContext {
  isUpstream: IsUpstream
  typesOf: Surroundings['typesOf']
  /** Null: names of actions are not checked. */
  catalog: ActionCatalog | null
}

/** Checks each step for itself: type, action, configuration, bindings and expressions. */
export function checkSteps(graph: Graph, { isUpstream, typesOf, catalog }: StepsContext, problems: ProblemList): void {
  for (const step of graph.steps) {
    checkStep(step, ['steps', step.index], catalog, problems)
    checkPlaces(
      placesOf({ ...step, depends_on: edgesInPlace(step) }),
      step.index,
      {
        stepId: step.id ?? null,
        ids: graph.byId,
        hasStep: (id) => graph.byId.has(id),
        isUpstream: (id) => isUpstream(step.index, graph.byId.get(id) ?? -1),
        typesOf,
      },
      problems,
    )
  }
}

/** The edges at their places in the file: a malformed one leaves its place empty. */
function edgesInPlace(step: DraftStep): { step: string; when?: string | undefined }[] {
  const edges: { step: string; when?: string | undefined }[] = []
  for (const edge of step.edges) edges[edge.place] = edge
  return Array.from(edges, (edge) => edge ?? { step: '' })
}

type StepParts = Pick<DraftStep, 'type' | 'config' | 'input' | 'compensate'>
type Path = readonly (string | number)[]

function checkStep(step: StepParts, path: Path, catalog: ActionCatalog | null, problems: ProblemList): void {
  const { type, config, compensate } = step
  if (type === undefined) return
  checkType(type, path, catalog, problems)
  if (config !== undefined) checkConfig(type, config, path, catalog, problems)
  if (compensate !== undefined) {
    checkAction(compensate.action, [...path, 'compensate', 'action'], catalog, problems)
    checkLiteralInput(compensate.action, compensate.input, [...path, 'compensate', 'input'], catalog, problems)
  }
  const action = isStepType(type) ? (type === 'task' ? config?.['action'] : undefined) : type
  if (typeof action === 'string') checkLiteralInput(action, step.input, [...path, 'input'], catalog, problems)
}

function checkType(type: string, path: Path, catalog: ActionCatalog | null, problems: ProblemList): void {
  if (isStepType(type) || catalog === null || catalog.actions.has(type)) return
  const hint = problems.hint(type, [...STEP_TYPES, ...catalog.actions.keys()])
  const message = `"${type}" is neither a type of step nor a known action${hint || `; types are: ${STEP_TYPES.join(', ')}`}`
  problems.add('unknown_type', pointer(...path, 'type'), message)
}

function checkAction(name: string, path: Path, catalog: ActionCatalog | null, problems: ProblemList): void {
  if (catalog === null || catalog.actions.has(name)) return
  const names = [...catalog.actions.keys()]
  const known = names.length > 20 ? '' : `; known are: ${names.join(', ')}`
  problems.add('unknown_action', pointer(...path), `there is no action "${name}"${problems.hint(name, names) || known}`)
}

function checkConfig(
  type: string,
  config: Record<string, Json>,
  stepPath: Path,
  catalog: ActionCatalog | null,
  problems: ProblemList,
): void {
  const path = [...stepPath, 'config']
  const schema = configSchemaOf(type)
  const parsed = schema.safeParse(config)
  if (!parsed.success) {
    addIssues(problems, parsed.error.issues, { schema, raw: config, base: path, code: () => 'invalid_config' })
  }
  const action = config['action']
  if (type === 'task' || !isStepType(type)) checkFreeKeys(config, Object.keys(schema.shape), path, problems)
  if (type === 'task' && typeof action === 'string') checkAction(action, [...path, 'action'], catalog, problems)
  if (!isStepType(type) && action !== undefined && action !== type) {
    problems.add('invalid_config', pointer(...path, 'action'), `the step's type already names its action, "${type}"`)
  }
  if (type === 'agent' || type === 'agent_call') checkTools(config['tools'], path, catalog, problems)
  if (type === 'map') checkItemStep(config['step'], path, catalog, problems)
}

/** An action may have keys of its own in `config`, but not ones that look like slips of ours. */
function checkFreeKeys(
  config: Record<string, Json>,
  known: readonly string[],
  path: Path,
  problems: ProblemList,
): void {
  for (const key of Object.keys(config)) {
    const meant = misspeltKey(key, known)
    if (meant === null) continue
    problems.add('invalid_config', pointer(...path, key), `unknown key "${key}"; did you mean "${meant}"?`)
  }
}

function checkTools(tools: Json | undefined, path: Path, catalog: ActionCatalog | null, problems: ProblemList): void {
  if (!Array.isArray(tools)) return
  for (const [index, tool] of tools.entries()) {
    if (typeof tool === 'string') checkAction(tool, [...path, 'tools', index], catalog, problems)
  }
}

/** The step that a map runs for each item. */
function checkItemStep(
  step: Json | undefined,
  configPath: Path,
  catalog: ActionCatalog | null,
  problems: ProblemList,
): void {
  if (typeof step !== 'object' || step === null || Array.isArray(step)) return
  const path = [...configPath, 'step']
  const { type, config, input, compensate } = readable(mapStepSchema, step)
  if (type === 'parallel' || type === 'join') {
    const message = `a ${type} step has no meaning inside map: there is nothing that it could order`
    problems.add('invalid_config', pointer(...path, 'type'), message)
    return
  }
  checkStep({ type, config, input, compensate }, path, catalog, problems)
}

/** Input without bindings is what the action will get: it can be checked now. None at all counts as an empty object. */
function checkLiteralInput(
  action: string,
  input: Json | undefined,
  path: Path,
  catalog: ActionCatalog | null,
  problems: ProblemList,
): void {
  const schema = catalog?.actions.get(action)?.inputSchema
  if (schema === undefined || (input !== undefined && !isLiteral(input))) return
  const value = resolveBinding(input ?? {}, { input: null, context: null, order: null, steps: () => undefined })
  for (const fault of checkAgainstSchema(schema as Json, value)) {
    problems.add('invalid_config', pointer(...path) + fault.path, `the input of action "${action}" ${fault.message}`)
  }
}
