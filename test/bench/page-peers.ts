import { evaluate, startPages } from './bench-pages.ts'
import type { BenchPart, BenchRow } from './part.ts'
import { named } from './peers.ts'

const specifiers = {
  oidcClient: 'oidc-client-ts',
  auth0: '@auth0/auth0-spa-js',
  okta: '@okta/okta-auth-js',
  msal: '@azure/msal-browser',
  authkit: '@workos-inc/authkit-js',
} as const

const names = {
  oidcClient: named(specifiers.oidcClient, 'getUser, localStorage'),
  auth0: named(specifiers.auth0, 'getTokenSilently, localStorage'),
  okta: named(specifiers.okta, 'getOrRenewAccessToken, localStorage'),
  msal: named(specifiers.msal, 'acquireTokenSilent, localStorage'),
  authkit: named(specifiers.authkit, 'getAccessToken'),
} as const

/** The token at hand in a page of Chromium, beside the clients that only browsers can run. */
export const pagePeers: BenchPart = async ({ short }) => {
  const pages = await startPages('page-peers-page.ts', { peers: specifiers })
  try {
    const page = await pages.open()
    const rows = await evaluate<BenchRow[]>(page, `bench(${short ? 80 : 400}, ${JSON.stringify(names)})`)
    return [
      {
        title: `The token at hand, beside browsers’ clients, Chromium ${pages.version}`,
        unit: 'ns',
        reference: 'an async function',
        rows,
        budgets: [],
        notes: ['client.getAccessToken() keeps the token in memory; most of the others read their storage each time.'],
      },
    ]
  } finally {
    await pages.close()
  }
}
