import { defineBrowserProvider } from '@vitest/browser'
import type { BrowserProviderOption, TestProject } from 'vitest/node'

/** Opens `url` in a real browser with a fresh profile, and gives what closes it and removes the profile. */
export type Opener = (url: string) => Promise<() => Promise<void>>

/** A browser provider for browsers that no automation library drives here: all it needs is a way to open a URL. */
export function openerProvider(open: Opener): BrowserProviderOption {
  return defineBrowserProvider({
    name: 'opener',
    providerFactory: (project: TestProject) => {
      const windows = new Map<string, () => Promise<void>>()
      // The test page asks for a viewport before it begins; a plain window has nothing to do.
      project.browser?.registerCommand('__vitest_viewport', () => undefined)
      return {
        name: 'opener',
        supportsParallelism: false,
        getCommandsContext: () => ({}),
        openPage: async (session: string, url: string) => {
          await windows.get(session)?.()
          windows.set(session, await open(url))
        },
        close: async () => {
          const all = [...windows.values()]
          windows.clear()
          await Promise.all(all.map((close) => close()))
        },
      }
    },
  })
}

declare module 'vitest/browser' {
  interface BrowserCommands {
    readonly __vitest_viewport: () => void
  }
}
