import { accessSync, constants } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { openers } from '../node/open-browser.ts'
import type { Finding } from './finding.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Whether a browser can be opened from here. */
export function checkOpener(env: Env, platform: string): readonly Finding[] {
  const programs = openers(env, platform).map(([program = '']) => program)
  if (programs.length === 0) return [{ fix: 'opener_missing', what: 'There is no display, and BROWSER is not set.' }]
  if (platform === 'win32' || programs.some((program) => isThere(program, env))) return []
  return [{ fix: 'opener_missing', what: `None of these programs is installed: ${programs.join(', ')}.` }]
}

function isThere(program: string, env: Env): boolean {
  const places = isAbsolute(program)
    ? [program]
    : (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program))
  return places.some((place) => {
    try {
      accessSync(place, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
