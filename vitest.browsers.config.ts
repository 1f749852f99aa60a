// The tests in a simulated browser and in three real ones.

import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import type { BrowserProviderOption } from 'vitest/node'
import { chromiumArgs, findChromium } from './test/runtimes/chromium-options.ts'
import { openFirefox } from './test/runtimes/open-firefox.ts'
import { openWebKit } from './test/runtimes/open-webkit.ts'
import { openerProvider } from './test/runtimes/opener-provider.ts'
import { testFiles } from './test/runtimes/test-files.ts'

type BrowserName = 'chromium' | 'firefox' | 'webkit'

const installed = findChromium()

const chromium = playwright({
  launchOptions: {
    ...(installed !== undefined && { executablePath: installed }),
    args: [...chromiumArgs],
  },
})

const browser = (name: BrowserName, provider: BrowserProviderOption): TestProjectInlineConfiguration => ({
  extends: true,
  test: {
    name,
    provide: { runtime: name },
    browser: {
      enabled: true,
      headless: true,
      ui: false,
      screenshotFailures: false,
      provider,
      instances: [{ browser: name, name }],
    },
  },
})

export default defineConfig({
  test: {
    include: [...testFiles['happy-dom']],
    // A test that asserts nothing fails.
    expect: { requireAssertions: true },
    globalSetup: ['test/runtimes/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 1,
    projects: [
      {
        extends: true,
        // One window for all files, as a browser has one origin for them: a window for each takes longer than the tests.
        test: { name: 'happy-dom', environment: 'happy-dom', isolate: false, provide: { runtime: 'happy-dom' } },
      },
      browser('chromium', chromium),
      browser('firefox', openerProvider(openFirefox)),
      browser('webkit', openerProvider(openWebKit)),
    ],
  },
})
