import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from './find-program.ts'
import { freshFolder } from './fresh-folder.ts'
import type { Opener } from './opener-provider.ts'
import { type Program, spawnProgram } from './spawn-program.ts'

/** Opens a headless Firefox, as it comes. */
export const openFirefox: Opener = async (url) => {
  const { close } = startFirefox([url])
  return close
}

/** A browser that was started with a fresh profile. */
export interface StartedBrowser {
  readonly program: Program
  /** Ends it, and removes the profile. */
  close(): Promise<void>
}

/** Starts a headless Firefox. What it says on its standard error can be read. */
export function startFirefox(args: readonly string[]): StartedBrowser {
  const path = findProgram('firefox-esr', 'firefox')
  if (path === undefined) throw new Error('Firefox is not installed.')
  const profile = freshFolder()
  writeFileSync(join(profile.path, 'user.js'), preferences)
  const program = spawnProgram(path, ['--headless', '--no-remote', '--profile', profile.path, ...args], {
    env: { ...process.env, HOME: profile.path },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  // Nobody need listen, but somebody must: a pipe that is full stops whoever writes into it.
  program.child.stderr?.resume()
  return {
    program,
    close: async () => {
      await program.end()
      profile.remove()
    },
  }
}

// No page but ours, and no calls home.
const preferences = Object.entries({
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.newtabpage.enabled': false,
  'browser.region.network.url': '',
  'browser.safebrowsing.downloads.remote.enabled': false,
  'browser.search.update': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.startup.page': 0,
  'browser.tabs.unloadOnLowMemory': false,
  'browser.topsites.contile.enabled': false,
  'datareporting.healthreport.uploadEnabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'datareporting.policy.dataSubmissionPolicyBypassNotification': true,
  'dom.disable_open_during_load': true,
  'dom.push.connection.enabled': false,
  'extensions.getAddons.cache.enabled': false,
  'media.gmp-manager.url': 'data:text/plain,',
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'http://127.0.0.1:9/',
  'termsofuse.bypassNotification': true,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
})
  .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
  .join('')
