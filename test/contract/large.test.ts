import { test } from 'vitest'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { describeOnEachBackend } from '../support/contract.ts'
import { disorder, statusesOf } from '../support/run-record.ts'
import { chain, fanIn, fanOut } from '../support/shapes.ts'

/** The largest definition there may be; BullMQ on Postgres does some hundred jobs a second, so it gets a smaller one. */
const SIZE = { redis: 10_000, postgres: 1_000 }
const TIMEOUT_MS = 300_000

const SHAPES: { shape: string; make: (name: string, size: number) => DefinitionInput }[] = [
  { shape: 'chain', make: chain },
  { shape: 'fan-out', make: fanOut },
  { shape: 'fan-in', make: fanIn },
]

describeOnEachBackend({}, (engine, backend) => {
  test.concurrent.for(SHAPES)(
    `a $shape of ${SIZE[backend]} steps runs to its end, in order`,
    { timeout: TIMEOUT_MS },
    async ({ shape, make }, { expect }) => {
      const definition = make(`large-${shape}`, SIZE[backend])
      const run = await engine().run(definition, {}, { timeoutMs: TIMEOUT_MS, everyMs: 100 })
      expect(run.status).toBe('completed')
      expect(new Set(Object.values(statusesOf(run)))).toEqual(new Set(['completed']))
      expect(disorder(run, definition)).toEqual([])
    },
  )
})
