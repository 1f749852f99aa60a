import type { Finding } from './finding.ts'

/** The world, as arguments. */
export interface ProxyCase {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The host that will be asked. */
  readonly host: string
  /** Whose `fetch` it is: Deno's and Bun's look at the variables. */
  readonly runtime: 'node' | 'deno' | 'bun'
  readonly execArgv: readonly string[]
}

const variables = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']

/** Whether a proxy is named that `fetch` will not use. */
export function checkProxy({ env, host, runtime, execArgv }: ProxyCase): readonly Finding[] {
  const variable = variables.find((name) => Boolean(env[name]))
  if (runtime !== 'node' || variable === undefined || isLoopback(host) || isExempt(host, env)) return []
  const options = `${execArgv.join(' ')} ${env['NODE_OPTIONS'] ?? ''}`
  if (env['NODE_USE_ENV_PROXY'] === '1' || options.includes('--use-env-proxy')) return []
  return [{ fix: 'proxy_ignored', what: `${variable} names a proxy, which fetch of Node will not use for ${host}.` }]
}

/** Which runtime this is. */
export function runtimeHere(): ProxyCase['runtime'] {
  return 'Deno' in globalThis ? 'deno' : 'Bun' in globalThis ? 'bun' : 'node'
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.')
}

function isExempt(host: string, env: ProxyCase['env']): boolean {
  const entries = (env['NO_PROXY'] ?? env['no_proxy'] ?? '').split(/[\s,]+/).filter(Boolean)
  return entries.some((entry) => {
    const name = entry.replace(/^\*?\./, '').replace(/:\d+$/, '')
    return entry === '*' || host === name || host.endsWith(`.${name}`)
  })
}
