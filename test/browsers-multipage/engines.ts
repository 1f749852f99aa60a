import type { Browser } from './browser.ts'
import { openChromium } from './open-chromium.ts'
import { openFirefox } from './open-firefox.ts'
import { openWebKit } from './open-webkit.ts'

/** The browsers that several pages are opened in. `ENGINE=firefox` chooses one. */
export const engines: readonly { readonly name: string; readonly open: () => Promise<Browser> }[] = [
  { name: 'chromium', open: openChromium },
  { name: 'firefox', open: openFirefox },
  { name: 'webkit', open: openWebKit },
].filter(({ name }) => (process.env['ENGINE'] ?? name) === name)
