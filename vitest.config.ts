// The tests under Node, Deno or Bun: whichever runs this file.

import { defineConfig } from 'vitest/config'

const ownsTheRepository = !('Deno' in globalThis) && !('Bun' in globalThis)

export default defineConfig({
  test: {
    name: 'node',
    environment: 'node',
    include: [
      'test/suites/**/*.test.ts',
      'test/node/**/*.test.ts',
      ...(ownsTheRepository ? ['test/fences/**/*.test.ts', 'test/package/*.test.ts'] : []),
    ],
    globalSetup: ['test/runtimes/global-setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    maxWorkers: 2,
  },
})
