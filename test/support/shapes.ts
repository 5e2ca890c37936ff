import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DefinitionInput } from '../../src/workflow/definition.ts'

/** Definitions of steps that do nothing (`duration_seconds` 0), by the shape of their dependencies. */

/** One step of a {@link DefinitionInput}. */
export type StepInput = DefinitionInput['steps'][number]

/** A step that does nothing. */
export function noop(id: string, dependencies: readonly string[] = [], rest: Partial<StepInput> = {}): StepInput {
  return { id, config: { duration_seconds: 0 }, depends_on: [...dependencies], ...rest }
}

/** `s0` → `s1` → … */
export function chain(name: string, size: number): DefinitionInput {
  return { name, steps: numbers(size).map((n) => noop(`s${n}`, n === 0 ? [] : [`s${n - 1}`])) }
}

/** One step, on which all others depend. */
export function fanOut(name: string, size: number): DefinitionInput {
  return { name, steps: numbers(size).map((n) => noop(`s${n}`, n === 0 ? [] : ['s0'])) }
}

/** One step that depends on all others. */
export function fanIn(name: string, size: number): DefinitionInput {
  const others = numbers(size - 1).map((n) => noop(`s${n}`))
  return {
    name,
    steps: [
      ...others,
      noop(
        'last',
        others.map((step) => step.id),
      ),
    ],
  }
}

/** Layers in which each step depends on `reach` steps of the layer before, chosen across the layer: many gates. */
export function lattice(name: string, size: { layers: number; width: number; reach: number }): DefinitionInput {
  const id = (layer: number, place: number) => `l${layer}_${place % size.width}`
  const steps = numbers(size.layers).flatMap((layer) =>
    numbers(size.width).map((place) =>
      noop(
        id(layer, place),
        layer === 0 ? [] : numbers(size.reach).map((step) => id(layer - 1, place + step * (layer + 1))),
      ),
    ),
  )
  return { name, steps: steps.map((step) => ({ ...step, depends_on: [...new Set(step.depends_on)] })) }
}

/** The published DAGs, with durations multiplied by `factor`. */
export function publishedDags(factor: number): DefinitionInput[] {
  const folder = join(import.meta.dirname, '../data/dags')
  return readdirSync(folder).map((file) => {
    const definition = JSON.parse(readFileSync(join(folder, file), 'utf8')) as DefinitionInput
    return {
      ...definition,
      steps: definition.steps.map((step) => ({
        ...step,
        config: { ...step.config, duration_seconds: Number(step.config?.['duration_seconds'] ?? 1) * factor },
      })),
    }
  })
}

function numbers(size: number): number[] {
  return Array.from({ length: size }, (_, index) => index)
}
