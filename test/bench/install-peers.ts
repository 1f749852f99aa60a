import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'

/** Installs the peers where that has not been done since they were last chosen. */
export function installPeers(): void {
  if (changedAt('node_modules/.package-lock.json') > changedAt('package-lock.json')) return
  console.log('The peers are being installed.')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: new URL('.', import.meta.url),
    stdio: 'inherit',
    timeout: 600_000,
  })
  if (status !== 0) throw new Error('The peers cannot be installed.')
}

function changedAt(path: string): number {
  return statSync(new URL(path, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0
}
