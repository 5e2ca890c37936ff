import { describe, expect, test } from 'vitest'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { BACKENDS, describeOnEachBackend } from '../support/contract.ts'
import { eventually } from '../support/eventually.ts'
import { disorder, statusesOf, stepOf, type RunRecord } from '../support/run-record.ts'
import { chain, fanIn, fanOut, lattice, noop, publishedDags } from '../support/shapes.ts'
import { startTestEngine } from '../support/test-engine.ts'

function expectInOrder(run: RunRecord, definition: DefinitionInput): void {
  expect(run.status).toBe('completed')
  expect(new Set(Object.values(statusesOf(run)))).toEqual(new Set(['completed']))
  expect(disorder(run, definition)).toEqual([])
  expect(Object.values(run.steps).filter((step) => step.attempt !== 1)).toEqual([])
}

const SHAPES: DefinitionInput[] = [
  chain('chain', 25),
  fanOut('fan-out', 60),
  fanIn('fan-in', 60),
  lattice('lattice', { layers: 8, width: 12, reach: 4 }),
  { name: 'single', steps: [noop('only')] },
  { name: 'diamond', steps: [noop('a'), noop('b', ['a']), noop('c', ['a']), noop('d', ['b', 'c'])] },
  {
    name: 'cross-edges',
    steps: [
      noop('a'),
      noop('b'),
      noop('c', ['a', 'b']),
      noop('d', ['a', 'b']),
      noop('e', ['c', 'd', 'a']),
      noop('f', ['d', 'b']),
      noop('g', ['e', 'f', 'c']),
    ],
  },
]

describeOnEachBackend({}, (engine) => {
  test.each(SHAPES)('a $name runs every step once, each after its dependencies', async (definition) => {
    expectInOrder(await engine().run(definition), definition)
  })

  test('many runs at once keep their order', async () => {
    const definition = lattice('crowd', { layers: 5, width: 5, reach: 3 })
    const ids = await Promise.all(Array.from({ length: 30 }, () => engine().start(definition)))
    for (const id of ids) expectInOrder(await engine().ended(id), definition)
  })

  test.each(publishedDags(1 / 5_000))('the published DAG $name runs in order', async (definition) => {
    expectInOrder(await engine().run(definition), definition)
  })

  test('a step of another queue waits for a worker of that queue', async () => {
    const definition = { name: 'two-queues', steps: [noop('a'), noop('b', ['a'], { queue: 'gpu' }), noop('c', ['b'])] }
    const id = await engine().start(definition)
    await eventually(async () => expect(stepOf(await engine().read(id), 'a').status).toBe('completed'))
    const worker = await engine().startWorker({ queues: ['gpu'] })
    const run = await engine().ended(id)
    expectInOrder(run, definition)
    expect(stepOf(run, 'b').worker_id).toBe(worker.id)
    expect(stepOf(run, 'c').worker_id).not.toBe(worker.id)
  })
})

describe.each(BACKENDS)('waiting steps on %s', (backend) => {
  test('run by priority, 9 first, and the priority of a run overrides that of its steps', async () => {
    const engine = await startTestEngine({ backend, workers: 0 })
    try {
      const priorities = [3, 9, 0, 5, 7]
      const mixed = await engine.start({
        name: 'priorities',
        steps: priorities.map((priority) => noop(`p${priority}`, [], { priority })),
      })
      const urgent = await engine.start(
        { name: 'urgent', steps: [noop('first', [], { priority: 0 })] },
        { priority: 8 },
      )
      await eventually(async () => {
        const depths = await engine.engine.queue.depths(['default'])
        return depths['steps-default']?.['prioritized'] === 6
      })
      await engine.startWorker({ concurrency: 1 })
      const runs = [await engine.ended(mixed), await engine.ended(urgent)]
      const begun = runs.flatMap((run) => Object.values(run.steps)).toSorted((a, b) => a.started_at! - b.started_at!)
      expect(begun.map((step) => step.step_id)).toEqual(['p9', 'first', 'p7', 'p5', 'p3', 'p0'])
    } finally {
      await engine.stop()
    }
  })
})
