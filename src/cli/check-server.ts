import type { Provider } from '../contracts.ts'
import { untrustedText } from '../errors.ts'
import type { Finding } from './finding.ts'
import { lookUp, membersOf } from './look-up.ts'
import type { Answer } from './look-up.ts'

/** What was found out about a server. */
export interface ServerReport {
  readonly findings: readonly Finding[]
  readonly tokenEndpoint?: string
}

/** More than any network takes, less than what makes tokens look expired. */
const tolerated = 60_000

/** Whether the server is where it is said to be, is who it is said to be, and lives in the same time. */
export async function checkServer(provider: Provider, signal: AbortSignal): Promise<ServerReport> {
  const { issuer, endpoints } = provider
  if (endpoints !== undefined) {
    const answer = await lookUp(endpoints.token, { method: 'HEAD' }, signal)
    return { findings: [...trouble(endpoints.token, answer), ...clock(answer)], tokenEndpoint: endpoints.token }
  }
  if (issuer === undefined || !URL.canParse(issuer)) {
    return { findings: [{ fix: 'discovery_path', what: 'The issuer is not an address.' }] }
  }
  return checkMetadata(issuer, provider.discovery ?? 'oidc', signal)
}

async function checkMetadata(issuer: string, discovery: 'oidc' | 'oauth2', signal: AbortSignal): Promise<ServerReport> {
  const place = placesOf(issuer)[discovery]
  const answer = await lookUp(place, {}, signal)
  const down = trouble(place, answer)
  if (down.length > 0 || answer.down !== undefined) return { findings: down }
  const metadata = answer.status === 200 ? membersOf(answer.text) : undefined
  if (metadata === undefined) {
    return { findings: [await misplaced(issuer, place, answer.status, signal), ...clock(answer)] }
  }
  const named = metadata['issuer']
  const tokenEndpoint = metadata['token_endpoint']
  const mismatch: Finding = {
    fix: 'issuer_mismatch',
    what: `${issuer} calls itself ${untrustedText(named) ?? 'nothing'}.`,
  }
  return {
    findings: [...(named === issuer ? [] : [mismatch]), ...clock(answer)],
    ...(typeof tokenEndpoint === 'string' && URL.canParse(tokenEndpoint) && { tokenEndpoint }),
  }
}

/** Where metadata may lie: OpenID Connect Discovery, section 4; RFC 8414, section 3. */
function placesOf(issuer: string): {
  readonly oidc: string
  readonly oauth2: string
  readonly others: readonly string[]
} {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const oidc = `${origin}${path}/.well-known/openid-configuration`
  const oauth2 = `${origin}/.well-known/oauth-authorization-server${path}`
  const others = [
    oidc,
    oauth2,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server`,
  ]
  return { oidc, oauth2, others }
}

/** Looks in the usual wrong places, to say where it is instead. */
async function misplaced(issuer: string, place: string, status: number, signal: AbortSignal): Promise<Finding> {
  for (const other of new Set(placesOf(issuer).others)) {
    if (other === place) continue
    const answer = await lookUp(other, {}, signal)
    const metadata = answer.down === undefined && answer.status === 200 ? membersOf(answer.text) : undefined
    if (metadata === undefined) continue
    const named = untrustedText(metadata['issuer']) ?? 'nobody'
    return {
      fix: 'discovery_path',
      what: `There is no metadata at ${place} (status ${status}), but at ${other}, of the issuer ${named}.`,
    }
  }
  return {
    fix: 'discovery_path',
    what: `There is no metadata at ${place} (status ${status}), nor in the other usual places.`,
  }
}

function trouble(place: string, answer: Answer): readonly Finding[] {
  if (answer.down !== undefined)
    return [{ fix: 'network', what: `${new URL(place).origin} does not answer (${answer.down}).` }]
  if (answer.status < 500) return []
  return [{ fix: 'server_error', what: `${new URL(place).origin} is in trouble (status ${answer.status}).` }]
}

/** The header counts whole seconds, and was written before the answer travelled. */
function clock(answer: Answer): readonly Finding[] {
  if (answer.down !== undefined) return []
  const theirs = Date.parse(answer.headers.get('date') ?? '')
  const offset = answer.at - theirs
  if (!(Math.abs(offset) > tolerated)) return []
  const words = `${Math.round(Math.abs(offset) / 1000)} s ${offset > 0 ? 'ahead of' : 'behind'}`
  return [{ fix: 'clock_offset', what: `This machine's clock is ${words} the server's.` }]
}
