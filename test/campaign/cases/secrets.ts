import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { opened, storedText } from '../rig/lab.ts'
import { slot } from '../rig/open-client.ts'
import { row } from '../rig/report.ts'
import type { Case } from './case.ts'

/** While processes refresh, lose answers and are refused, everything that others can see is searched for tokens. */
export const secrets: Case = {
  id: 'C-27',
  async run(lab) {
    const lasts = lab.size(60_000, 6_000)
    const folder = await lab.folder()
    const path = join(folder, 'auth.json')
    const server = await lab.server({ rotation: 'grace' })
    await lab.signIn(path, server)
    await server.weather({ latency: [0, 10], loss: 0.1, seed: lab.seed })
    const workers = await lab.workers(3)
    for (const [index, remote] of workers.entries()) {
      await opened(remote, { origin: server.origin, path, rotation: 'grace', worker: `w${index}` })
      remote.ask('cycle', { pause: 5 }, lasts * 3).catch(() => undefined)
    }
    // Two of ours that must be found: a search that finds nothing proves nothing.
    const planted = ['CANARY-in-the-environment', 'CANARY-in-the-arguments'] as const
    const decoy = await lab.worker({ env: { DECOY: planted[0] }, through: ['env', `ARGUED=${planted[1]}`] })
    const tokens = new Set<string>(planted)
    const found = new Map<string, string>()
    const until = performance.now() + lasts
    let looks = 0
    while (performance.now() < until) {
      for (const token of tokensIn(path)) tokens.add(token)
      for (const [where, text] of visible([...workers.map(({ pid }) => pid), server.remote.pid, decoy.pid], folder)) {
        for (const token of tokens) if (text.includes(token)) found.set(token, where)
      }
      looks += 1
      await sleep(10)
    }
    const said = [...workers, server.remote].map((remote) => remote.output()).join('\n')
    for (const token of tokens) if (said.includes(token)) found.set(token, 'output')
    for (const urlPath of await server.remote.call<string[]>('paths')) {
      for (const token of tokens) if (urlPath.includes(token)) found.set(token, 'a URL')
    }
    const decoys = planted.filter((token) => found.delete(token)).length
    return [
      row(
        'C-27',
        `${tokens.size - planted.length} tokens, ${looks} looks`,
        '0 hits in arguments, environment, file names, output, URLs',
        `${found.size} hits${[...found.values()].map((where) => ` (${where})`).join('')}; ${decoys} of ${planted.length} planted canaries found`,
        found.size === 0 && decoys === planted.length && tokens.size > 10,
      ),
    ]
  },
}

function tokensIn(path: string): readonly string[] {
  const auth = JSON.parse(storedText(path)) as Record<string, { readonly refresh?: string; readonly access?: string }>
  return [auth[slot]?.refresh, auth[slot]?.access].filter((token) => token !== undefined)
}

/** What anybody on the machine could list. */
function* visible(pids: readonly number[], folder: string): Generator<readonly [where: string, text: string]> {
  for (const pid of pids) {
    for (const what of ['cmdline', 'environ', 'comm']) yield [what, text(`/proc/${pid}/${what}`)]
  }
  yield ['file names', readdirSync(folder).join('\n')]
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
