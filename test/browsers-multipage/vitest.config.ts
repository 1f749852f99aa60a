// Several pages at once, in real browsers: `npx vitest run --config test/browsers-multipage/vitest.config.ts`.

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'multipage',
    include: ['test/browsers-multipage/**/*.test.ts'],
    expect: { requireAssertions: true },
    globalSetup: ['test/runtimes/global-setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
})
