import { compileBinding, type BindingReference } from './bindings.ts'
import { parseExpression, type Expression, type MemberPath } from './expressions.ts'
import type { Json } from './json-value.ts'
import { nearest } from './nearest.ts'
import { itemTypesOf, pathFaultOf, type ValueType } from './output-types.ts'
import { pointer, type ProblemList } from './problems.ts'
import { shortened } from './quote.ts'
import type { Place } from './step-config.ts'

/** Static checks of bindings and expressions: do they parse, and is there what they name. */

/** Which steps and variables a place may name. */
export interface Surroundings {
  /** The id of the step that the place belongs to; null outside of steps. */
  stepId: string | null
  hasStep: (id: string) => boolean
  /** All ids, for hints. */
  ids: ReadonlyMap<string, unknown>
  isUpstream: (id: string) => boolean
  extra: Place['extra']
  /** What is known of the output of a step; null as the id: of the run's input. */
  typesOf: (stepId: string | null) => readonly ValueType[]
}

/** Checks a binding; problems are added below `path`. */
export function checkBinding(value: Json, path: string, around: Surroundings, problems: ProblemList): void {
  const { references, faults } = compileBinding(value)
  for (const fault of faults) problems.add(fault.code, path + fault.pointer, fault.message)
  for (const reference of references) {
    const message = faultOfReference(reference, around, problems)
    const code = reference.kind === 'expression' ? 'invalid_expression' : 'invalid_binding'
    if (message !== null) problems.add(code, path + reference.pointer, message)
    else checkPaths(reference, path + reference.pointer, around, problems)
  }
}

/** Checks an expression that must be true or false (`condition`), or else the name of a branch (`choice`). */
export function checkExpression(
  text: string,
  kind: 'condition' | 'choice',
  path: string,
  around: Surroundings,
  problems: ProblemList,
): void {
  const parsed = parseExpression(text)
  if (!parsed.ok) {
    for (const problem of parsed.problems) problems.add(problem.code, path, problem.message)
    return
  }
  const { outcomes } = parsed.expression
  const message = faultOfExpression(parsed.expression, around, problems)
  if (message !== null) problems.add('invalid_expression', path, message)
  else checkPaths({ kind: 'expression', expression: parsed.expression }, path, around, problems)
  const isUsable = (value: Json): boolean =>
    typeof value === 'boolean' || (kind === 'choice' && typeof value === 'string')
  if (outcomes === null || outcomes.some(isUsable)) return
  const wanted = kind === 'choice' ? 'true, false or the name of a branch' : 'true or false'
  problems.add('invalid_expression', path, `is always ${JSON.stringify(outcomes[0])}, where ${wanted} is needed`)
}

function faultOfReference(found: BindingReference, around: Surroundings, problems: ProblemList): string | null {
  if (found.kind === 'expression') return faultOfExpression(found.expression, around, problems)
  const { reference } = found
  if (reference.kind === 'item' || reference.kind === 'index') {
    if (around.extra.includes(reference.kind)) return null
    const remedy = around.hasStep(reference.kind) ? `; the step is \${{ steps.${reference.kind}.output }}` : ''
    return `${reference.text}: $${reference.kind} exists only inside map${remedy}`
  }
  return reference.stepId === null ? null : faultOfStep(reference.stepId, reference.text, around, problems)
}

function faultOfExpression(expression: Expression, around: Surroundings, problems: ProblemList): string | null {
  for (const name of ['item', 'index', 'event'] as const) {
    if (!expression.variables.has(name) || around.extra.includes(name)) continue
    return name === 'event' ? 'event exists only in config.match of wait_event' : `${name} exists only inside map`
  }
  for (const id of expression.referencedSteps) {
    const fault = faultOfStep(id, `steps.${id}`, around, problems)
    if (fault !== null) return fault
  }
  return null
}

/** Refuses the first path that the output of its step, or the input, cannot have. */
function checkPaths(
  found: DistributiveOmit<BindingReference, 'pointer'>,
  place: string,
  around: Surroundings,
  problems: ProblemList,
): void {
  for (const { text, stepId, path } of readPaths(found)) {
    const owner = stepId === null ? 'the input' : `step "${stepId}"`
    const value = stepId === null ? 'its schema' : 'its output'
    const message = pathFaultOf(around.typesOf(stepId), path, { owner, value })
    if (message === null) continue
    problems.add('invalid_binding', place, `${text}: ${message}`)
    return
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

function readPaths(found: DistributiveOmit<BindingReference, 'pointer'>): (MemberPath & { text: string })[] {
  if (found.kind === 'expression') {
    return found.expression.memberPaths.map((read) => {
      const root = read.stepId === null ? ['input'] : ['steps', read.stepId, 'output']
      return { ...read, text: shortened([...root, ...read.path].join('.')) }
    })
  }
  const { kind, stepId, path, text } = found.reference
  return kind === 'step' || kind === 'input' ? [{ stepId, path, text: shortened(text) }] : []
}

function faultOfStep(id: string, text: string, around: Surroundings, problems: ProblemList): string | null {
  if (!around.hasStep(id)) return `${text}: there is no step "${id}"${hintForStep(id, around, problems)}`
  if (around.isUpstream(id)) return null
  if (id === around.stepId) return `${text}: a step cannot use its own output`
  return `${text}: step "${id}" is not upstream of "${around.stepId}"; add it to depends_on, there or in between`
}

function hintForStep(id: string, { ids }: Surroundings, problems: ProblemList): string {
  const near = problems.hint(id, ids)
  if (near !== '') return near
  const any = problems.mayCompare(ids.size) ? nearest(id, ids.keys(), true) : null
  const data = 'data of the run is in $input, $context and $order'
  return any === null ? `; ${data}` : `; the nearest id is "${any}"; ${data}`
}

/** The places of a step, each checked for what it is. */
export function checkPlaces(
  places: readonly Place[],
  stepIndex: number,
  around: Omit<Surroundings, 'extra'>,
  problems: ProblemList,
): void {
  for (const place of places) {
    const path = pointer('steps', stepIndex, ...place.path)
    const here = { ...(place.isAfter ? afterwards(around, place) : around), extra: place.extra }
    if (place.kind === 'binding') checkBinding(place.value, path, here, problems)
    else if (typeof place.value === 'string') checkExpression(place.value, place.kind, path, here, problems)
  }
}

/** A compensation may read the output of what it undoes, by the id of the step: in a map, that of the item. */
function afterwards<T extends Omit<Surroundings, 'extra'>>(around: T, { path }: Place): T {
  const depth = path.filter((key, index) => key === 'step' && path[index - 1] === 'config').length
  const typesOf = (id: string | null): readonly ValueType[] => {
    const types = around.typesOf(id)
    return id === around.stepId ? itemTypesOf(types, depth) : types
  }
  return { ...around, isUpstream: (id: string) => id === around.stepId || around.isUpstream(id), typesOf }
}
