import { randomBytes } from 'node:crypto'
import { open, readFile, rename, writeFile } from 'node:fs/promises'
import { hrtime } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { lock as lockAsOthersDo } from 'proper-lockfile'
import type { Held, Written } from './store-commands.ts'
import { slot } from './open-client.ts'
import { say } from './serve-commands.ts'

type Auth = Record<
  string,
  { readonly refresh?: string; readonly expires?: number; readonly [name: string]: unknown } | undefined
>

interface ForeignOrder {
  readonly path: string
  readonly entry: string
  readonly lasts: number
  readonly pause: number
  /** Writes over the file as Pi does, or replaces it as a careful program would. */
  readonly inPlace: boolean
  /** When it takes a lock for dead, in milliseconds. */
  readonly stale: number
}

async function underLock<T>(path: string, stale: number, task: () => Promise<T>): Promise<T> {
  const retries = { retries: 10_000, factor: 1.2, minTimeout: 5, maxTimeout: 40, randomize: true }
  const release = await lockAsOthersDo(path, { realpath: false, stale, retries, onCompromised: () => undefined })
  try {
    return await task()
  } finally {
    await release().catch(() => undefined)
  }
}

async function edit(path: string, inPlace: boolean, change: (auth: Auth) => void): Promise<void> {
  const auth = JSON.parse(await readFile(path, 'utf8')) as Auth
  change(auth)
  await store(path, JSON.stringify(auth, undefined, 2), inPlace)
}

async function store(path: string, text: string, inPlace: boolean): Promise<void> {
  if (inPlace) return writeFile(path, text, { mode: 0o600 })
  const temporary = `${path}.${randomBytes(4).toString('hex')}.other`
  const handle = await open(temporary, 'wx', 0o600)
  await handle.writeFile(text)
  await handle.sync()
  await handle.close()
  await rename(temporary, path)
}

async function refresh(origin: string, worker: string, token: string): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'app', refresh_token: token })
  const answer = await fetch(`${origin}/token`, { method: 'POST', body, headers: { 'x-worker': worker } })
  const { refresh_token: next, error } = (await answer.json()) as { refresh_token?: string; error?: string }
  if (next === undefined) throw new Error(error ?? `status ${answer.status}`)
  return next
}

let stopped = false

/** What other programs do: those that share the file, and those we are compared with. */
export const foreignCommands = {
  /** Adds one to its own entry, over and over, under `proper-lockfile`. */
  async foreign(order: ForeignOrder): Promise<Written> {
    const until = performance.now() + order.lasts
    const failures: Record<string, number> = {}
    let written = 0
    while (performance.now() < until) {
      try {
        await underLock(order.path, order.stale, () =>
          edit(order.path, order.inPlace, (auth) => {
            written = (auth[order.entry]?.expires ?? 0) + 1
            auth[order.entry] = {
              ...auth[order.entry],
              type: 'oauth',
              access: 'a',
              refresh: 'r',
              expires: written,
            }
          }),
        )
        say({ entry: order.entry, written })
      } catch (error) {
        const code = (error as { code?: string }).code ?? String(error)
        failures[code] = (failures[code] ?? 0) + 1
      }
      await sleep(Math.random() * 2 * order.pause)
    }
    return { written, failures }
  },
  /** Refreshes over and over: `proper-lockfile`, and a replaced file. The best of what is usual. */
  async baseline(order: {
    readonly path: string
    readonly origin: string
    readonly worker: string
    readonly stale: number
  }): Promise<void> {
    stopped = false
    while (!stopped) {
      try {
        await underLock(order.path, order.stale, async () => {
          const auth = JSON.parse(await readFile(order.path, 'utf8')) as Auth
          const next = await refresh(order.origin, order.worker, auth[slot]?.refresh ?? '')
          await edit(order.path, false, (fresh) => void (fresh[slot] = { ...fresh[slot], refresh: next }))
        })
      } catch (error) {
        if (String(error).includes('invalid_grant')) say({ event: 'sign_in_required' })
      }
      await sleep(Math.random() * 20)
    }
  },
  stopBaseline: (): void => void (stopped = true),
  async foreignKeep(order: { readonly path: string; readonly stale: number }): Promise<void> {
    await underLock(order.path, order.stale, async () => {
      say({ held: true })
      await sleep(600_000)
    })
  },
  async foreignLock(order: {
    readonly path: string
    readonly stale: number
    readonly hold: number
    readonly timeout: number
  }): Promise<Held> {
    const retries = {
      retries: Math.ceil(order.timeout / 20),
      factor: 1,
      minTimeout: 10,
      maxTimeout: 20,
      randomize: true,
    }
    const { stale } = order
    try {
      const release = await lockAsOthersDo(order.path, {
        realpath: false,
        stale,
        retries,
        onCompromised: () => undefined,
      })
      const from = hrtime.bigint()
      await sleep(order.hold)
      const to = hrtime.bigint()
      await release().catch(() => undefined)
      return { from: String(from), to: String(to) }
    } catch (error) {
      return { code: (error as { code?: string }).code ?? String(error) }
    }
  },
}
