// What a script that has got into the page would do: it runs before all others, listens to everything that is
// said, and then looks for tokens wherever it can reach.

import { indexedDBStore } from '../../src/stores/indexeddb.ts'

/** Where a text was found, by its name. */
export type Search = (needles: readonly string[]) => Promise<readonly string[]>

/** What was said on this page: messages, requests, what went to the console. Kept where nobody else finds it. */
const heard: string[] = []

function hear(where: string, ...values: readonly unknown[]): void {
  heard.push(`${where}: ${values.map((value) => textsOf(value)).join(' ')}`)
}

/** All text in a value that was sent, however deep. */
function textsOf(value: unknown, depth = 0): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if (depth > 12) return ''
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return new TextDecoder('latin1').decode(value)
  if (value instanceof Request) return `${value.url} ${textsOf([...value.headers], depth + 1)}`
  if (value instanceof Headers || value instanceof URLSearchParams || value instanceof Map || value instanceof Set) {
    return [...(value as Iterable<unknown>)].map((item) => textsOf(item, depth + 1)).join(' ')
  }
  return Reflect.ownKeys(value)
    .map((key) => `${String(key)}=${textsOf(read(value, key), depth + 1)}`)
    .join(' ')
}

/** What promises that were found have come to. */
const kept: unknown[] = []

function read(object: object, key: PropertyKey): unknown {
  try {
    const value = (object as Record<PropertyKey, unknown>)[key]
    if (value instanceof Promise) void value.then((result) => kept.push(result)).catch(() => undefined)
    return value
  } catch {
    return undefined
  }
}

/** Puts something in front of a method. */
function before(object: object, name: string, act: (given: readonly unknown[]) => void): void {
  const method = read(object, name)
  if (typeof method !== 'function') return
  Object.defineProperty(object, name, {
    configurable: true,
    writable: true,
    value(this: unknown, ...given: unknown[]) {
      act(given)
      return Reflect.apply(method, this, given)
    },
  })
}

function listening(listener: unknown): unknown {
  if (typeof listener !== 'function') return listener
  return function heardFirst(this: unknown, event: MessageEvent) {
    hear('message', event.data)
    return Reflect.apply(listener, this, [event])
  }
}

const { prototype } = EventTarget
const { addEventListener: add } = prototype
prototype.addEventListener = function listen(this: EventTarget, type, listener, options) {
  const own = type === 'message' ? (listening(listener) as EventListener) : listener
  Reflect.apply(add, this, [type, own, options])
}
for (const kind of [MessagePort, BroadcastChannel, Worker, globalThis.SharedWorker, Window]) {
  if (kind === undefined) continue
  for (const owner of [kind.prototype, globalThis]) {
    const had = Object.getOwnPropertyDescriptor(owner, 'onmessage')
    if (had?.set === undefined) continue
    const { set } = had
    Object.defineProperty(owner, 'onmessage', {
      ...had,
      set(this: unknown, listener: unknown) {
        Reflect.apply(set, this, [listening(listener)])
      },
    })
  }
  before(kind.prototype, 'postMessage', (given) => hear('sent', ...given))
}
before(globalThis, 'fetch', (given) => hear('fetch', ...given))
before(globalThis, 'postMessage', (given) => hear('sent', ...given))
before(XMLHttpRequest.prototype, 'setRequestHeader', (given) => hear('xhr', ...given))
before(Storage.prototype, 'setItem', (given) => hear('storage', ...given))
before(history, 'replaceState', (given) => hear('history', given[0]))
before(history, 'pushState', (given) => hear('history', given[0]))
for (const level of ['log', 'info', 'warn', 'error', 'debug'])
  before(console, level, (given) => hear('console', ...given))

const found = new Set<string>()

const search: Search = async (needles) => {
  found.clear()
  const look = (where: string, text: string): void => {
    if (needles.some((needle) => text.includes(needle))) found.add(where)
  }
  for (const text of heard) look(text.slice(0, text.indexOf(':')), text)
  walk([globalThis], look)
  await new Promise((resolve) => setTimeout(resolve, 50))
  walk(kept.splice(0), look)
  look('localStorage', textsOf({ ...localStorage }))
  look('sessionStorage', textsOf({ ...sessionStorage }))
  look('cookies', document.cookie)
  look('address', location.href + document.referrer + textsOf(history.state))
  look('document', document.documentElement.outerHTML)
  look('performance', JSON.stringify(performance.getEntries()))
  await searchDatabases(look)
  await searchCaches(look)
  return [...found]
}
Object.defineProperty(globalThis, 'searchFor', { value: search })

type Look = (where: string, text: string) => void

/** Everything that can be reached from these, by properties of its own and of its prototypes. */
function walk(roots: readonly unknown[], look: Look): void {
  const seen = new Set<unknown>([heard, search, localStorage, sessionStorage])
  const waiting: (readonly [unknown, string])[] = roots.map((root) => [root, 'globals'])
  for (let steps = 0; waiting.length > 0 && steps < 200_000; steps++) {
    const [value, path] = waiting.pop() ?? []
    if (typeof value === 'string') look(String(path), value)
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue
    seen.add(value)
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) look(String(path), textsOf(value))
    if (value instanceof Map || value instanceof Set) for (const item of value) waiting.push([item, `${path}, an item`])
    for (let owner: object | null = value; owner !== null; owner = Object.getPrototypeOf(owner)) {
      for (const key of Reflect.ownKeys(owner)) waiting.push([read(value, key), `${path}.${String(key)}`])
    }
  }
}

async function searchDatabases(look: Look): Promise<void> {
  for (const { name = '' } of await indexedDB.databases()) {
    const database = await answered(indexedDB.open(name))
    for (const store of database.objectStoreNames) {
      const objects = database.transaction(store).objectStore(store)
      look('IndexedDB', textsOf(await answered(objects.getAll())))
      look('IndexedDB', textsOf(await answered(database.transaction(store).objectStore(store).getAllKeys())))
    }
    database.close()
    // What is sealed is opened with the key that lies beside it.
    const records = indexedDBStore({ name })
    for (const key of await records.keys()) look('IndexedDB, unsealed', textsOf(await records.get(key)))
  }
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function searchCaches(look: Look): Promise<void> {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name)
    for (const request of await cache.keys()) {
      look('caches', textsOf(request) + (await (await cache.match(request))?.text()))
    }
  }
}
