// The tests under Node, Deno or Bun: whichever runs this file.

import { defineConfig } from 'vitest/config'
import { testFiles } from './test/runtimes/test-files.ts'

const runtime = 'Deno' in globalThis ? 'deno' : 'Bun' in globalThis ? 'bun' : 'node'

export default defineConfig({
  test: {
    name: runtime,
    provide: { runtime },
    environment: 'node',
    // Bun has no channel to forked workers.
    pool: runtime === 'bun' ? 'threads' : 'forks',
    include: [...testFiles[runtime]],
    // A test that asserts nothing fails.
    expect: { requireAssertions: true },
    globalSetup: ['test/runtimes/global-setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    maxWorkers: 2,
  },
})
