import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { jobs } from '../size/jobs.ts'
import { measure } from '../size/measure.ts'
import type { BenchPart } from './part.ts'
import { named } from './peers.ts'

/** What each peer's own door to the same job is. */
const peers: Readonly<Record<string, string>> = {
  'openid-client':
    "export { discovery, randomPKCECodeVerifier, calculatePKCECodeChallenge, buildAuthorizationUrl, authorizationCodeGrant, refreshTokenGrant, tokenRevocation, fetchProtectedResource } from 'openid-client'",
  'oidc-client-ts': "export { UserManager, WebStorageStateStore } from 'oidc-client-ts'",
  '@auth0/auth0-spa-js': "export { Auth0Client } from '@auth0/auth0-spa-js'",
  '@azure/msal-browser': "export { PublicClientApplication } from '@azure/msal-browser'",
  '@okta/okta-auth-js': "export { OktaAuth } from '@okta/okta-auth-js'",
  'oidc-spa': "export { createOidc } from 'oidc-spa/core'",
  '@badgateway/oauth2-client':
    "export { OAuth2Client, OAuth2Fetch, generateCodeVerifier } from '@badgateway/oauth2-client'",
  '@workos-inc/authkit-js': "export { createClient } from '@workos-inc/authkit-js'",
  arctic: "export { OAuth2Client, CodeChallengeMethod, generateState, generateCodeVerifier } from 'arctic'",
  'better-auth': "export { createAuthClient } from 'better-auth/client'",
  '@modelcontextprotocol/sdk':
    "export { auth } from '@modelcontextprotocol/sdk/client/auth.js'; export { withOAuth } from '@modelcontextprotocol/sdk/client/middleware.js'",
}

/** Bytes of whole jobs, beside the peers' own doors to them, which hold less glue. */
export const size: BenchPart = async () => {
  const own = await Promise.all(jobs.map((job) => measure(job)))
  const theirs = await Promise.all(Object.entries(peers).map(([name, source]) => weigh(name, source)))
  const spa = own.find(({ job }) => job.name === 'SPA')?.loaded.gzip ?? Number.NaN
  const oidcClient = theirs.find(({ name }) => name.startsWith('oidc-client-ts'))?.gzip ?? Number.NaN
  const lines = [
    ...own.map(({ job, loaded }) => ({ name: `latchkey, job ${job.name}`, ...loaded })),
    ...theirs.toSorted((a, b) => a.gzip - b.gzip),
  ]
  const quotient = spa / oidcClient
  return [
    {
      title: 'Size of what is loaded, by esbuild, minified, gzip',
      unit: 'bytes',
      reference: 'oidc-client-ts',
      rows: lines.map(({ name, gzip }) => ({
        name,
        took: { median: gzip, low: gzip, high: gzip, n: 1 },
        ratio: { median: gzip / oidcClient, low: gzip / oidcClient, high: gzip / oidcClient, n: 1 },
      })),
      notes: lines.map(
        ({ name, minified, gzip, brotli }) => `${name}: ${kB(minified)}, gzip ${kB(gzip)}, brotli ${kB(brotli)}`,
      ),
      budgets: [
        {
          what: 'the SPA job weighs at most 0.55 × oidc-client-ts, gzip',
          measured: `${quotient.toFixed(2)} ×`,
          holds: quotient <= 0.55,
        },
        { what: 'the SPA job weighs at most 9.5 kB, gzip', measured: kB(spa), holds: spa <= 9500 },
      ],
    },
  ]
}

async function weigh(
  peer: string,
  contents: string,
): Promise<{ readonly name: string; readonly minified: number; readonly gzip: number; readonly brotli: number }> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    write: false,
    legalComments: 'none',
    logLevel: 'silent',
  })
  const bytes = outputFiles[0]?.contents ?? new Uint8Array()
  const [gzip, brotli] = [gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length]
  return { name: named(peer), minified: bytes.length, gzip, brotli }
}

function kB(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}
