import { describe, expect, it } from 'vitest'
import { validateDefinition } from './validate.ts'

/** 10,000 steps validate and plan in under 2 s of one core; the figure is printed. */

const COUNT = 10_000
const MOST_SECONDS = 2

function definitionOf(dependenciesOf: (index: number) => number[], more: (index: number) => object = () => ({})) {
  const steps = Array.from({ length: COUNT }, (_, index) => ({
    id: `s${index}`,
    type: 'task',
    config: { duration_seconds: 0 },
    depends_on: dependenciesOf(index).map((from) => `s${from}`),
    ...more(index),
  }))
  return { name: 'large', steps }
}

const before = (index: number): number[] => (index === 0 ? [] : [index - 1])

const SHAPES: Record<string, unknown> = {
  chain: definitionOf(before),
  'fan-out': definitionOf((index) => (index === 0 ? [] : [0])),
  'fan-in': definitionOf((index) => (index === COUNT - 1 ? Array.from({ length: COUNT - 1 }, (_, from) => from) : [])),
  'ten dependencies a step': definitionOf((index) =>
    Array.from({ length: Math.min(9, index) }, (_, n) => index - 1 - n),
  ),
  'chain with bindings far up': definitionOf(before, (index) => ({ input: index === 0 ? null : '$s0.x' })),
  'chain of conditions': definitionOf(
    () => [],
    (index) => ({
      type: 'condition',
      config: { expression: 'input.a > 1' },
      depends_on: before(index).map((from) => ({ step: `s${from}`, branch: index % 2 ? 'true' : 'false' })),
    }),
  ),
}

/** Seconds of CPU, the best of three, so that what else the machine does counts for little. */
function cpuSeconds(run: () => void): number {
  const tries = [1, 2, 3].map(() => {
    const start = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1e6
  })
  return Math.min(...tries)
}

describe('ten thousand steps validate and plan in under two seconds', () => {
  it.each(Object.entries(SHAPES))('%s', (name, definition) => {
    const seconds = cpuSeconds(() => {
      expect(validateDefinition(definition, { actions: new Map() }).errors).toEqual([])
    })
    console.log(`${name}: ${seconds.toFixed(2)} s`)
    expect(seconds).toBeLessThan(MOST_SECONDS)
  })
})
