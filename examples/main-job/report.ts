import { readFile, stat } from 'node:fs/promises'

/** Runs steps, says how each went, and sums up. */
export interface Report {
  step(name: string, run: () => Promise<string>): Promise<void>
  print(file: string, history: string): void
}

/** Begins a report. */
export function report(title: string): Report {
  const begun = performance.now()
  console.log(`\n${title}\n`)
  return {
    async step(name, run) {
      const start = performance.now()
      try {
        const text = await run()
        console.log(line('✓', name, performance.now() - start, text))
      } catch (error) {
        console.log(line('✗', name, performance.now() - start, 'failed'))
        throw error
      }
    },
    print(file, history) {
      console.log(`\n  on disk        ${file}`)
      console.log(`  server saw     ${history}`)
      console.log(`  all in all     ${Math.round(performance.now() - begun)} ms\n`)
    },
  }
}

function line(mark: string, name: string, took: number, text: string): string {
  return `  ${mark} ${name.padEnd(22)} ${`${Math.round(took)} ms`.padStart(8)}   ${text}`
}

/** What rests in the file, without a single secret. */
export async function onDisk(path: string): Promise<string> {
  const { mode, size } = await stat(path)
  const entries = JSON.parse(await readFile(path, 'utf8')) as Record<string, Record<string, unknown>>
  const shown = Object.entries(entries).map(([name, entry]) => `${name}: ${Object.keys(entry).join(', ')}`)
  return `${size} bytes, mode ${(mode & 0o777).toString(8)}, ${shown.join('; ')}`
}
