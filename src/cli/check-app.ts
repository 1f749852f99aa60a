import { misuse } from './misuse.ts'
import type { Finding } from './finding.ts'
import { lookUp } from './look-up.ts'

/** Whether a page may use the token endpoint, and whether its own rules leave room for a sign-in. */
export async function checkApp(
  page: string,
  tokenEndpoint: string | undefined,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (!URL.canParse(page)) throw misuse('--app is the address of a page.')
  const answer = await lookUp(page, {}, signal)
  if (answer.down !== undefined)
    return [{ fix: 'network', what: `${new URL(page).origin} does not answer (${answer.down}).` }]
  const cors = tokenEndpoint === undefined ? [] : await checkCors(new URL(page).origin, tokenEndpoint, signal)
  return [
    ...cors,
    ...checkOpenerPolicy(page, answer.headers),
    ...checkContentPolicy(page, tokenEndpoint, answer.headers),
  ]
}

/** A request that no server grants anything for: only whether its refusal may be read is of interest. */
async function checkCors(origin: string, endpoint: string, signal: AbortSignal): Promise<readonly Finding[]> {
  if (new URL(endpoint).origin === origin) return []
  const headers = { origin, 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await lookUp(endpoint, { method: 'POST', headers, body: 'grant_type=authorization_code' }, signal)
  if (answer.down !== undefined) return []
  const allowed = answer.headers.get('access-control-allow-origin')
  if (allowed === '*' || allowed === origin) return []
  return [{ fix: 'cors_missing', what: `${endpoint} does not let pages of ${origin} read its answers.` }]
}

function checkOpenerPolicy(page: string, headers: Headers): readonly Finding[] {
  const policy = headers.get('cross-origin-opener-policy')?.split(';')[0]?.trim() ?? ''
  if (policy !== 'same-origin' && policy !== 'noopener-allow-popups') return []
  return [{ fix: 'popup_severed', what: `${page} sends Cross-Origin-Opener-Policy: ${policy}.` }]
}

function checkContentPolicy(page: string, endpoint: string | undefined, headers: Headers): readonly Finding[] {
  const text = headers.get('content-security-policy')
  if (text === null) return []
  const directives = new Map(
    text.split(';').flatMap((part) => {
      const [name, ...values] = part.trim().toLowerCase().split(/\s+/)
      return name ? [[name, values] as const] : []
    }),
  )
  const sandbox = directives.get('sandbox')
  const shut =
    sandbox && ['allow-popups', 'allow-same-origin', 'allow-scripts'].filter((word) => !sandbox.includes(word))
  const connect = directives.get('connect-src') ?? directives.get('default-src')
  const blocked =
    endpoint !== undefined && connect !== undefined && !connect.some((source) => admits(source, endpoint, page))
  return [
    ...(shut && shut.length > 0
      ? [{ fix: 'csp_blocks' as const, what: `${page} has a sandbox without ${shut.join(', ')}.` }]
      : []),
    ...(blocked
      ? [{ fix: 'csp_blocks' as const, what: `${page} may not connect to ${new URL(endpoint).origin}.` }]
      : []),
  ]
}

/** @see {@link https://www.w3.org/TR/CSP3/#match-url-to-source-expression CSP 3, section 6.7.2.7} */
function admits(source: string, endpoint: string, page: string): boolean {
  const { origin, protocol, host, hostname } = new URL(endpoint)
  if (source === '*' || source === protocol) return true
  if (source === "'self'") return origin === new URL(page).origin
  const named = source.replace(/^[a-z]+:\/\//, '').split('/')[0] ?? ''
  return named.startsWith('*.') ? hostname.endsWith(named.slice(1)) : named === host
}
