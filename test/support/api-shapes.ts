/** Media type of every error. */
export const PROBLEM = 'application/problem+json'

/** An error as the API tells it. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  errors?: { path: string; code: string; message: string }[]
  state?: string
  id?: string
}

/** A page of a list. */
export interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

/** A small valid definition: one step `a` that takes no time; `rest` is added to it, or replaces its parts. */
export function definitionOf(name: string, rest: Record<string, unknown> = {}): Record<string, unknown> {
  return { name, steps: [{ id: 'a', config: { duration_seconds: 0 } }], ...rest }
}
