// The tests inside workerd, the runtime of Cloudflare Workers.

import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { workerdCompatibilityDate } from './test/runtimes/workerd-compatibility-date.ts'
import { testFiles } from './test/runtimes/test-files.ts'

export default defineConfig({
  plugins: [
    cloudflareTest({
      main: './test/runtimes/workerd-main.ts',
      miniflare: {
        compatibilityDate: workerdCompatibilityDate,
        cf: false,
        kvNamespaces: ['KV'],
        durableObjects: { VAULT: { className: 'TokenVault', useSQLite: true } },
      },
    }),
  ],
  test: {
    name: 'workerd',
    provide: { runtime: 'workerd' },
    // An isolate for each file takes longer than the tests.
    isolate: false,
    include: [...testFiles.workerd],
    // A test that asserts nothing fails.
    expect: { requireAssertions: true },
    globalSetup: ['test/runtimes/global-setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    maxWorkers: 2,
  },
})
