import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from './find-program.ts'
import { freshFolder } from './fresh-folder.ts'
import type { Opener } from './opener-provider.ts'
import { spawnProgram } from './spawn-program.ts'

/** Opens a headless Firefox, as it comes. */
export const openFirefox: Opener = async (url) => {
  const program = findProgram('firefox-esr', 'firefox')
  if (program === undefined) throw new Error('Firefox is not installed.')
  const profile = freshFolder()
  writeFileSync(join(profile.path, 'user.js'), preferences)
  const firefox = spawnProgram(program, ['--headless', '--no-remote', '--profile', profile.path, url], {
    env: { ...process.env, HOME: profile.path },
  })
  return async () => {
    await firefox.end()
    profile.remove()
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
  'browser.topsites.contile.enabled': false,
  'datareporting.healthreport.uploadEnabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'datareporting.policy.dataSubmissionPolicyBypassNotification': true,
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
