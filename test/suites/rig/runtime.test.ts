import { expect, inject, it } from 'vitest'
import type { Runtime } from '../../runtimes/context.ts'

// What only this runtime says of itself. Bun and Deno also answer to Node's names.
const signs: { readonly [Name in Runtime]: () => boolean } = {
  node: () => read('process.release.name') === 'node' && !has('Deno') && !has('Bun'),
  deno: () => has('Deno'),
  bun: () => has('Bun'),
  workerd: () => agent() === 'Cloudflare-Workers',
  'happy-dom': () => agent().includes('HappyDOM'),
  chromium: () => agent().includes('Chrome/') && has('document') && !has('process'),
  firefox: () => agent().includes('Firefox/') && has('document') && !has('process'),
  webkit: () => /AppleWebKit\/.*Version\//.test(agent()) && !agent().includes('Chrome/') && has('document'),
}

function read(path: string): unknown {
  return path.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], globalThis)
}

const has = (name: string): boolean => read(name) !== undefined
const agent = (): string => String(read('navigator.userAgent'))

it('runs in the runtime it says it runs in', () => {
  expect(signs[inject('runtime')]()).toBe(true)
})

it('can do what the library needs of a runtime', () => {
  const needed = ['fetch', 'crypto.subtle', 'URL', 'TextEncoder', 'AbortController', 'structuredClone']
  expect(needed.filter((name) => !has(name))).toEqual([])
})
