import { afterAll, beforeAll, describe } from 'vitest'
import type { QueueBackend } from '../../src/queue/connection.ts'
import { startTestEngine, type TestEngine, type TestEngineOptions } from './test-engine.ts'

/** The stores that BullMQ runs on: what holds on one holds on both. TEST_BACKEND: only that one. */
export const BACKENDS = (['redis', 'postgres'] as const satisfies readonly QueueBackend[]).filter(
  (backend) => (process.env['TEST_BACKEND'] ?? backend) === backend,
)

/** Defines tests that run once on each queue backend, against an engine that they share: `engine()` within a test. */
export function describeOnEachBackend(
  options: Omit<TestEngineOptions, 'backend'>,
  define: (engine: () => TestEngine, backend: QueueBackend) => void,
): void {
  describe.each(BACKENDS)('on %s', (backend) => {
    let engine: TestEngine | undefined
    beforeAll(async () => {
      engine = await startTestEngine({ ...options, backend })
    })
    afterAll(async () => {
      await engine?.stop()
    })
    define(() => {
      if (engine === undefined) throw new Error('the engine is there only while a test runs')
      return engine
    }, backend)
  })
}
