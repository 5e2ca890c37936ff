import { didYouMean } from './nearest.ts'

/** What can be wrong with a definition (docs/workflow-format.md) or with a value given to it. */
const PROBLEM_CODES = [
  'invalid_definition',
  'cycle',
  'unknown_dependency',
  'duplicate_step',
  'self_dependency',
  'unreachable_step',
  'unknown_type',
  'unknown_action',
  'invalid_config',
  'invalid_binding',
  'invalid_expression',
  'limit_exceeded',
  'invalid_input',
  'not_supported',
] as const
export type ProblemCode = (typeof PROBLEM_CODES)[number]

/** One thing wrong: where (JSON Pointer, RFC 6901), which rule, and what to do about it. */
export interface Problem {
  path: string
  code: ProblemCode
  message: string
}

/** Problems in one answer: enough to repair anything by hand; more would only make the answer heavy. */
const MOST_PROBLEMS = 1_000
/** Names compared in one answer, so that ten thousand wrong names among ten thousand right ones cost under a second. */
const MOST_COMPARISONS = 2_000_000

/** The JSON Pointer (RFC 6901) of a place: `pointer('steps', 0, 'a/b')` is `/steps/0/a~1b`. */
export function pointer(...path: readonly (string | number)[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Collects the problems of one answer, at most 1,000, the last of which then tells how many more there are. */
export class ProblemList {
  readonly #problems: Problem[] = []
  #more = 0
  #comparisons = 0

  add(code: ProblemCode, path: string, message: string): void {
    if (this.#problems.length < MOST_PROBLEMS - 1) this.#problems.push({ path, code, message })
    else this.#more += 1
  }

  addAll(problems: Iterable<Problem>): void {
    for (const problem of problems) this.add(problem.code, problem.path, problem.message)
  }

  /** `; did you mean "…"?` for the end of a message, or nothing: no name is near, or too many were compared already. */
  hint(name: string, candidates: readonly string[] | ReadonlyMap<string, unknown>): string {
    const names = candidates instanceof Map ? candidates.keys() : (candidates as readonly string[])
    const count = 'size' in candidates ? candidates.size : candidates.length
    return this.mayCompare(count) ? didYouMean(name, names) : ''
  }

  /** Whether a name may still be compared with so many others. */
  mayCompare(names: number): boolean {
    this.#comparisons += names
    return this.#comparisons <= MOST_COMPARISONS
  }

  get isEmpty(): boolean {
    return this.#problems.length === 0
  }

  toArray(): Problem[] {
    if (this.#more === 0) return [...this.#problems]
    const message = `${this.#more} more problems are not shown`
    return [...this.#problems, { path: '', code: 'limit_exceeded', message }]
  }
}
