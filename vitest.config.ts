import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Tests wait for processes and timers more than they compute.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'test/*.test.ts', 'test/bench/**/*.test.ts'],
          // Modules have no state of their own, and loading them for each file anew would be most of the time.
          isolate: false,
          testTimeout: 30_000,
          // How long a thing may take says nothing about whether it is right: a busy disk syncs in seconds.
          expect: { poll: { timeout: 20_000 } },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/failure-modes/**/*.test.ts'],
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          expect: { poll: { timeout: 20_000 } },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/support/global-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          expect: { poll: { timeout: 60_000 } },
        },
      },
      { test: { name: 'chaos', include: ['test/chaos/**/*.test.ts'] } },
    ],
  },
});
