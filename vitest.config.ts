import { defineConfig } from 'vitest/config'

const servers = ['test/support/global-setup.ts']

export default defineConfig({
  test: {
    projects: [
      // Some work on 10,000 steps, on machines that do other things besides.
      { test: { name: 'unit', include: ['{src,workers,dashboard}/**/*.test.ts'], testTimeout: 20_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/contract/**/*.test.ts'],
          globalSetup: servers,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'chaos',
          include: ['test/chaos/**/*.test.ts', 'test/model/**/*.test.ts'],
          // Real processes and real deadlines, mostly waited for: two files at a time, when all others are done.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          // Tests of one file that mostly wait do so at the same time.
          maxConcurrency: 8,
          globalSetup: servers,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          // A browser and the real stack, together with those of `chaos`.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          globalSetup: servers,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
