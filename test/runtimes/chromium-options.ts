import { findProgram } from './find-program.ts'

/** How Chromium is started wherever a test drives it: without a screen, and reaching nothing by itself. */
export const chromiumArgs: readonly string[] = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The path of the installed Chromium, if there is one. */
export function findChromium(): string | undefined {
  return findProgram('chromium', 'chromium-browser', 'google-chrome')
}

/** The launch options of Playwright. Throws where there is no Chromium. */
export function chromiumOptions(): { readonly executablePath: string; readonly args: string[] } {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('Chromium is not installed.')
  return { executablePath, args: [...chromiumArgs] }
}
