import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that are tested at the same time: much of it is waiting for servers. */
const AT_ONCE = 3
/** Files that take longest, the longest first: begun last, each would be waited for by itself. */
const LONGEST = ['browser/every-page', 'browser/runs', 'browser/run', 'contract/waiting', 'browser/lists']
const servers = ['test/support/global-setup.ts']
/** Tests with real processes that mostly wait: two files at a time. */
const PAIRED = [
  'npm-start',
  'move',
  'workers',
  'slow-order',
  'controls',
  'outages',
  'streams',
  'parked',
  'meddling',
].map((name) => `test/chaos/${name}.test.ts`)
const ofProcesses = {
  // Tests of one file that mostly wait do so at the same time.
  maxConcurrency: 8,
  globalSetup: servers,
  testTimeout: 300_000,
  hookTimeout: 120_000,
}

/** Begins with the longest files, where nothing is known of former runs. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return place === -1 ? LONGEST.length : place
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,workers,dashboard,bench,chaos}/**/*.test.ts'],
          maxWorkers: AT_ONCE,
          // Files keep nothing that others see: what is imported once serves all.
          isolate: false,
          // Some work on 10,000 steps, on machines that do other things besides.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/contract/**/*.test.ts'],
          maxWorkers: AT_ONCE,
          isolate: false,
          globalSetup: servers,
          testTimeout: 90_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          // The engine's tests once more, with segments wherever a workflow does not choose. TEST_SEQUENCING=segment before
          // a command has any tests so.
          name: 'segments',
          include: ['actions', 'branching', 'failures', 'sequencing', 'controls'].map(
            (name) => `test/contract/${name}.test.ts`,
          ),
          env: { TEST_SEQUENCING: 'segment', TEST_BACKEND: 'redis' },
          maxWorkers: AT_ONCE,
          isolate: false,
          globalSetup: servers,
          testTimeout: 90_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'model',
          include: ['test/model/**/*.test.ts'],
          maxWorkers: AT_ONCE,
          globalSetup: servers,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          maxWorkers: AT_ONCE,
          globalSetup: servers,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'chaos',
          include: ['test/{bench,chaos}/**/*.test.ts'],
          exclude: PAIRED,
          // Real processes and real deadlines: one file at a time, when all others are done.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          ...ofProcesses,
        },
      },
      {
        test: {
          name: 'chaos-pairs',
          include: PAIRED,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          ...ofProcesses,
        },
      },
    ],
  },
})
