import { z } from 'zod'
import { definitionSchema, type Definition } from './definition.ts'
import { findJsonFault } from './json-value.ts'
import { LIMITS } from './limits.ts'
import { pointer, ProblemList, type Problem, type ProblemCode } from './problems.ts'

/**
 * What zod finds wrong with the shape of a definition, told in our words: every place at once, each with its JSON
 * Pointer, unknown keys with the nearest known one.
 */

type Path = readonly (string | number)[]

/** A definition with its defaults filled in, or what is wrong with its shape (and then no definition). */
export interface ParsedDefinition {
  definition: Definition | null
  problems: Problem[]
}

/**
 * Checks the shape of a definition (keys, types, ranges, limits) and fills in the defaults. Answers all problems at
 * once; never throws. What needs to look at more than one place is the business of `validateDefinition`.
 */
export function parseDefinition(raw: unknown): ParsedDefinition {
  const problems = new ProblemList()
  const definition = checkShape(raw, problems)
  return { definition, problems: problems.toArray() }
}

/** Like {@link parseDefinition}, adding to a list of problems. */
export function checkShape(raw: unknown, problems: ProblemList): Definition | null {
  const fault = findJsonFault(raw, LIMITS.jsonDepth)
  if (fault !== null) {
    problems.add(fault.tooDeep ? 'limit_exceeded' : 'invalid_definition', pointer(...fault.path), fault.message)
    return null
  }
  const parsed = definitionSchema.safeParse(raw)
  if (parsed.success) return parsed.data
  addIssues(problems, parsed.error.issues, { schema: definitionSchema, raw, base: [], code: codeOfPlace })
  return null
}

/** Whether nothing more can be said about the value: it is no JSON, or nests so deep that walking it is not safe. */
export function isUnreadable(raw: unknown): boolean {
  return findJsonFault(raw, LIMITS.jsonDepth) !== null
}

function codeOfPlace(path: Path, issue: z.core.$ZodIssue): ProblemCode {
  if (issue.code === 'too_big' && path.length === 1 && path[0] === 'steps') return 'limit_exceeded'
  return path[0] === 'steps' && path[2] === 'config' ? 'invalid_config' : 'invalid_definition'
}

interface IssueContext {
  /** The schema that found the issues, and the value it looked at. */
  schema: z.core.$ZodType
  raw: unknown
  /** Where that value stands in the definition. */
  base: Path
  code: (path: Path, issue: z.core.$ZodIssue) => ProblemCode
}

/** Adds what zod found as problems: one for each unknown key, one for each other issue. */
export function addIssues(problems: ProblemList, issues: readonly z.core.$ZodIssue[], context: IssueContext): void {
  for (const issue of issues) {
    const path = issue.path as Path
    const place = pointer(...context.base, ...path)
    const code = context.code(path, issue)
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(context.schema, context.raw, path)
      for (const key of issue.keys) {
        problems.add(code, place + pointer(key), `unknown key "${key}"${hintForKey(problems, key, known, path)}`)
      }
    } else if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      addUnion(problems, issue, context)
    } else {
      problems.add(code, place, messageOf(issue, valueAt(context.raw, path), problems))
    }
  }
}

/** Of a union that nothing matched, tells what is wrong with the one alternative whose kind the value has. */
function addUnion(
  problems: ProblemList,
  issue: z.core.$ZodIssue & { code: 'invalid_union' },
  context: IssueContext,
): void {
  const path = issue.path as Path
  const sameKind = issue.errors.find((found) => !found.some((one) => one.code === 'invalid_type' && !one.path.length))
  const value = valueAt(context.raw, path)
  if (sameKind === undefined) {
    const expected = issue.errors.flatMap((found) => found.map((one) => ('expected' in one ? one.expected : '')))
    const kinds = new Set(expected.filter(Boolean).map(nameOfType))
    const message = value === undefined ? 'is required' : `expected ${[...kinds].join(' or ')}, not ${kindOf(value)}`
    problems.add(context.code(path, issue), pointer(...context.base, ...path), message)
    return
  }
  const inner = sameKind.map((one) => ({ ...one, path: [...issue.path, ...one.path] }))
  addIssues(problems, inner, context)
}

function hintForKey(problems: ProblemList, key: string, { known, elsewhere }: KeysAt, path: Path): string {
  const isStep = path.length === 2 && path[0] === 'steps'
  if (isStep && CONFIG_OF_TASK.includes(key)) return '; it belongs into config'
  const owner = elsewhere.get(key)
  if (owner !== undefined) return `; it belongs to ${owner}`
  const near = problems.hint(key, known)
  if (near !== '') return near
  return known.length === 0 ? '; nothing is configured here' : `; known are: ${known.join(', ')}`
}

const CONFIG_OF_TASK = ['action', 'duration_seconds', 'fail_probability', 'max_retries']

function messageOf(issue: z.core.$ZodIssue, value: unknown, problems: ProblemList): string {
  if (value === undefined) return 'is required'
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${nameOfType(issue.expected)}, not ${kindOf(value)}`
    case 'too_small':
    case 'too_big':
      return rangeMessage(issue)
    case 'invalid_value':
      return notOneOf(value, issue.values, problems)
    case 'invalid_union':
      return notOneOf(value, 'options' in issue ? issue.options : [], problems)
    default:
      return issue.message
  }
}

function notOneOf(value: unknown, options: readonly unknown[], problems: ProblemList): string {
  const names = options.map(String)
  const near = typeof value === 'string' ? problems.hint(value, names) : ''
  return `${JSON.stringify(value)} is none of: ${names.join(', ')}${near}`
}

function rangeMessage(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const [limit, words] =
    issue.code === 'too_small'
      ? [issue.minimum, issue.inclusive === false ? 'above' : 'at least']
      : [issue.maximum, issue.inclusive === false ? 'below' : 'at most']
  const unit = UNITS[issue.origin]
  const amount = limit.toLocaleString('en')
  return unit === undefined
    ? `must be ${words} ${amount}`
    : `must have ${words} ${amount} ${unit}${limit === 1 ? '' : 's'}`
}

const UNITS: Record<string, string> = { string: 'character', array: 'item' }

const TYPE_NAMES: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  record: 'an object',
}

function nameOfType(type: string): string {
  return TYPE_NAMES[type] ?? type
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number') return String(value)
  return nameOfType(typeof value)
}

function valueAt(raw: unknown, path: Path): unknown {
  let at = raw
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Record<string | number, unknown>)[key]
  }
  return at
}

interface KeysAt {
  /** The keys that an object may have. */
  known: string[]
  /** Those that it could have if its kind were another, with that kind: `type "cron"`. */
  elsewhere: ReadonlyMap<string, string>
}

/** The keys that the object at this place may have, as what it says of its kind. */
function keysAt(schema: z.core.$ZodType, raw: unknown, path: Path): KeysAt {
  let schemas = [schema]
  for (const key of path) schemas = schemas.flatMap(unwrap).flatMap((at) => childrenOf(at, key))
  const elsewhere = new Map<string, string>()
  const objects = schemas.flatMap((at) => ofItsKind(at, valueAt(raw, path), elsewhere)).flatMap(unwrap)
  const known = [...new Set(objects.flatMap((at) => (at instanceof z.ZodObject ? Object.keys(at.shape) : [])))]
  return { known, elsewhere }
}

/** Of a union whose objects say of which kind they are, the alternative that the value is; else the schema itself. */
function ofItsKind(schema: z.core.$ZodType, value: unknown, elsewhere: Map<string, string>): z.core.$ZodType[] {
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return [schema]
  const { discriminator } = schema.def
  const kind = valueAt(value, [discriminator])
  const own: z.core.$ZodType[] = []
  for (const option of schema.options) {
    const shape = option instanceof z.ZodObject ? (option.shape as Record<string, z.core.$ZodType>) : {}
    const tag = shape[discriminator]
    if (!(tag instanceof z.ZodLiteral)) continue
    if (tag.values.has(kind as string)) own.push(option)
    else
      for (const key of Object.keys(shape))
        elsewhere.set(key, `${discriminator} ${[...tag.values].map(quotedName).join(' or ')}`)
  }
  return own
}

const quotedName = (name: unknown) => `"${String(name)}"`

function childrenOf(schema: z.core.$ZodType, key: string | number): z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) {
    const child = (schema.shape as Record<string, z.core.$ZodType>)[key]
    return child === undefined ? [] : unwrap(child)
  }
  if (schema instanceof z.ZodArray) return [schema.element]
  if (schema instanceof z.ZodRecord) return [schema.valueType]
  return []
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(unwrap)
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.def.innerType)
  }
  return [schema]
}
