import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'sdk',
    root: import.meta.dirname,
    include: ['*.test.ts'],
    // A test that asserts nothing fails.
    expect: { requireAssertions: true },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
  },
})
