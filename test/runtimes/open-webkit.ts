import type { Readable } from 'node:stream'
import { findProgram } from './find-program.ts'
import { freshFolder } from './fresh-folder.ts'
import type { StartedBrowser } from './open-firefox.ts'
import type { Opener } from './opener-provider.ts'
import { firstChunk, type Program, spawnProgram } from './spawn-program.ts'

/** Opens WebKitGTK's own small browser on a screen that nobody sees. */
export const openWebKit: Opener = async (url) => {
  const { close } = await startWebKit('MiniBrowser', ['--private', url])
  return close
}

/** Starts a program of WebKitGTK, its browser or the driver of that, with a fresh profile on such a screen. */
export async function startWebKit(name: string, args: readonly string[]): Promise<StartedBrowser> {
  const path = findProgram(name)
  if (path === undefined) throw new Error('WebKitGTK is not installed.')
  const home = freshFolder()
  const { display, screen } = await openScreen()
  const program = spawnProgram(path, args, {
    env: {
      ...process.env,
      HOME: home.path,
      XDG_RUNTIME_DIR: home.path,
      DISPLAY: display,
      GDK_BACKEND: 'x11',
      GSETTINGS_BACKEND: 'memory',
      NO_AT_BRIDGE: '1',
      WEBKIT_DISABLE_COMPOSITING_MODE: '1',
    },
  })
  return {
    program,
    close: async () => {
      await program.end()
      await screen.end()
      home.remove()
    },
  }
}

async function openScreen(): Promise<{ readonly display: string; readonly screen: Program }> {
  const program = findProgram('Xvfb')
  if (program === undefined) throw new Error('Xvfb is not installed.')
  const args = ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp']
  const screen = spawnProgram(program, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  const display = await firstChunk(screen.child.stdio[3] as Readable)
  return { display: `:${display.trim()}`, screen }
}
