// The tests under Node, Deno or Bun: whichever runs this file.

import { defineConfig } from 'vitest/config'

const runtime = 'Deno' in globalThis ? 'deno' : 'Bun' in globalThis ? 'bun' : 'node'

export default defineConfig({
  test: {
    name: runtime,
    provide: { runtime },
    environment: 'node',
    // Bun has no channel to forked workers.
    pool: runtime === 'bun' ? 'threads' : 'forks',
    include: [
      'test/suites/**/*.test.ts',
      'test/node/**/*.test.ts',
      ...(runtime === 'node' ? ['test/fences/**/*.test.ts', 'test/package/*.test.ts'] : []),
    ],
    globalSetup: ['test/runtimes/global-setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    maxWorkers: 2,
  },
})
