import type { Provider } from '../contracts.ts'
import { misuse } from './misuse.ts'
import type { RowName } from './row-names.ts'
import { rowNames } from './row-names.ts'

/** What decides how a row looks. */
export interface RowWishes {
  /** Where the server lives; for `oidc` all there is to know. */
  readonly issuer?: string | undefined
  readonly clientId?: string | undefined
  readonly tenant?: string | undefined
  /** @default this installation's, which is made where there is none */
  readonly installation?: string
  /** The store key, for a server that is known by its issuer only. */
  readonly id?: string | undefined
}

const makers: Readonly<Record<RowName, (wishes: RowWishes) => Promise<Provider>>> = {
  anthropic: async () => (await import('../providers/anthropic.ts')).anthropic(),
  'anthropic-platform': async () => (await import('../providers/anthropic.ts')).anthropicPlatform(),
  openai: async ({ clientId, installation = '' }) => {
    const { chatgpt } = await import('../providers/openai.ts')
    const { installationId } = await import('../node/installation-id.ts')
    return chatgpt({
      agentName: 'latchkey',
      installation: installation || (await installationId()),
      ...(clientId !== undefined && { clientId }),
    })
  },
  'openai-codex': async () => (await import('../providers/openai.ts')).openaiCodex(),
  github: async () => (await import('../providers/github.ts')).github(),
  google: async () => (await import('../providers/google.ts')).google(),
  microsoft: async ({ tenant, issuer }) => {
    const id = tenant ?? /^https:\/\/login\.microsoftonline\.com\/([^/]+)\//.exec(issuer ?? '')?.[1]
    if (id === undefined) throw misuse('microsoft needs --tenant: a UUID, or consumers.')
    return (await import('../providers/microsoft.ts')).microsoft({ tenant: id })
  },
  oidc: anyServer,
}

/** Gives the row for a name, an issuer, or the id under which a server's tokens are stored. */
export async function providerRow(name: string, wishes: RowWishes): Promise<Provider> {
  const known = rowNames.find((one) => one === name)
  if (known === undefined) {
    const issuer = name.includes('://') ? name : wishes.issuer
    if (issuer === undefined) {
      throw misuse(`This is no provider: say ${rowNames.join(', ')}, or the https address of an issuer.`)
    }
    return anyServer({ ...wishes, issuer })
  }
  const row = await makers[known](wishes)
  return known === 'oidc' ? row : moved(row, wishes.issuer)
}

async function anyServer({ issuer, id }: RowWishes): Promise<Provider> {
  if (issuer === undefined) throw misuse('oidc needs --issuer, or LATCHKEY_ISSUER: the https address of the server.')
  const { oidc } = await import('../providers/oidc.ts')
  return oidc({ issuer, scopes: ['openid', 'profile', 'email', 'offline_access'], ...(id !== undefined && { id }) })
}

/** The same provider at another origin: a gateway, a private installation, a double. */
function moved(row: Provider, issuer: string | undefined): Provider {
  if (issuer === undefined || !URL.canParse(issuer) || row.issuer === undefined) return row
  const { origin } = new URL(issuer)
  if (origin === new URL(row.issuer).origin) return row
  const move = (address: string): string => {
    const { pathname, search } = new URL(address)
    return origin + (pathname === '/' ? '' : pathname) + search
  }
  const endpoints = Object.entries(row.endpoints ?? {}).map(([name, address]) => [name, move(address)] as const)
  const { hosted, ...redirect } = row.redirect ?? {}
  return {
    ...row,
    issuer: move(row.issuer),
    ...(row.endpoints && { endpoints: { ...row.endpoints, ...Object.fromEntries(endpoints) } }),
    redirect: { ...redirect, ...(hosted !== undefined && { hosted: move(hosted) }) },
    apiOrigins: [origin],
  }
}
