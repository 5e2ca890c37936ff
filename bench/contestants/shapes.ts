import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DefinitionInput, Json } from '../../src/workflow/definition.ts'

/** What is run: definitions of no-op steps. */

const NOOP = { duration_seconds: 0 }

/** A chain of `length` steps. */
export function chain(name: string, length: number): DefinitionInput {
  const steps = Array.from({ length }, (_, index) => ({
    id: `s${index}`,
    config: NOOP,
    depends_on: index === 0 ? [] : [`s${index - 1}`],
  }))
  return { name, steps }
}

/** One step, `width` steps, one step. */
export function fanOut(name: string, width: number): DefinitionInput {
  const middle = Array.from({ length: width }, (_, index) => ({ id: `m${index}`, config: NOOP, depends_on: ['first'] }))
  return {
    name,
    steps: [
      { id: 'first', config: NOOP },
      ...middle,
      { id: 'last', config: NOOP, depends_on: middle.map((step) => step.id) },
    ],
  }
}

/** The published scientific workflows of `test/data/dags`, their durations taken away. */
export function publishedDags(): DefinitionInput[] {
  const folder = join(import.meta.dirname, '../../test/data/dags')
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const dag = JSON.parse(readFileSync(join(folder, file), 'utf8')) as DefinitionInput & {
        steps: { config: Record<string, Json> }[]
      }
      return { ...dag, steps: dag.steps.map((step) => ({ ...step, config: { ...step.config, ...NOOP } })) }
    })
}
