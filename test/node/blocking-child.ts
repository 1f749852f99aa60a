// A plain script without an `await`: signs in, renews, creates a key. Run by blocking.test.ts.
// Its arguments: the origin of the server, the file for tokens, and what to do.

import { writeSync } from 'node:fs'
import {
  createOAuthClient,
  ensureFreshProviderToken,
  exchangeCodeForTokens,
  generateCodeChallenge,
  generateCodeVerifier,
  generateState,
  buildAuthUrl,
  isTokenExpired,
  loadAuth,
  loadProviderAuth,
  login,
  loginOpenAICodex,
  openBrowser,
  refreshToken,
  saveAuth,
  saveProviderAuth,
  ensureFreshToken,
  startCallbackServer,
} from '../../src/blocking/index.ts'
import { ask } from '../../src/blocking/ask.ts'
import { isOAuthError } from '../../src/errors.ts'
import { anthropic } from '../../src/providers/anthropic.ts'
import { openaiCodex } from '../../src/providers/openai.ts'

const [, , origin = '', path = '', job = ''] = process.argv
const here = {
  endpoints: { authorization: `${origin}/oauth/authorize`, token: `${origin}/v1/oauth/token` },
  apiOrigins: [origin],
  allowInsecureLoopback: true,
}
const loopback = { allowInsecureLoopback: true }
const claude = anthropic({ issuer: origin, endpoints: here.endpoints, apiOrigins: [origin] })
const codex = openaiCodex({
  issuer: origin,
  endpoints: {
    authorization: `${origin}/oauth/authorize`,
    token: `${origin}/oauth/token`,
    jwks: `${origin}/.well-known/jwks.json`,
  },
  redirect: { loopback: { host: 'localhost', ports: [0], path: '/auth/callback' } },
})

const jobs: Readonly<Record<string, () => unknown>> = {
  client() {
    const server = startCallbackServer({ host: 'localhost', path: '/callback', state: 'unused', timeout: 100 })
    server.respond('failed')
    const client = createOAuthClient({ ...here, redirectPort: server.port })
    const flow = client.startFlow('console')
    const answers = startCallbackServer({
      host: 'localhost',
      path: '/callback',
      ports: [server.port],
      state: flow.state,
    })
    say(flow.authorizationUrl)
    const tokens = client.exchangeCode(answers.waitForCallback(), flow)
    answers.respond('signed-in')
    const next = client.refreshToken(tokens)
    return { flow, tokens, next, apiKey: client.createApiKey(next) }
  },
  steps() {
    const [state, verifier] = [generateState(), generateCodeVerifier()]
    const server = startCallbackServer({ host: 'localhost', path: '/callback', state })
    const { port } = server
    say(buildAuthUrl({ provider: claude, challenge: generateCodeChallenge(verifier), state, port }).href)
    const callback = server.waitForCallback()
    server.respond('signed-in')
    const tokens = exchangeCodeForTokens({ provider: claude, callback, state, verifier, port, ...loopback })
    saveAuth({ tokens }, { path })
    saveProviderAuth('other', { tokens: { accessToken: 'other', tokenType: 'Bearer' } }, { path })
    const fresh = ensureFreshToken({ path })
    const renewed = ensureFreshProviderToken(claude, { path, forceRefresh: true, ...loopback })
    const again = refreshToken({ provider: claude, tokens: renewed, ...loopback })
    const opened = openBrowser('ftp://nobody.example')
    const slots = Object.keys(loadAuth({ path }))
    return {
      fresh,
      renewed,
      again,
      opened,
      slots,
      stored: loadProviderAuth('other', { path }),
      expired: isTokenExpired(again),
    }
  },
  // A thread that takes too long is left alone: what it begins, it ends, and what it holds, it keeps.
  late() {
    try {
      return ask('ensureFreshProviderToken', [{ provider: claude, path, forceRefresh: true, ...loopback }], 3_000)
    } catch (error) {
      say('gave up')
      return { code: (error as { readonly code?: string }).code }
    }
  },
  replaced() {
    const server = startCallbackServer({ path: '/callback', state: 'one', timeout: 20_000 })
    // Until its thread is given up: on a busy machine it has answered before anybody waits.
    while (isAnswered());
    startCallbackServer({ path: '/callback', state: 'two', timeout: 100 }).respond('failed')
    say(`${server.redirectUri}?code=c&state=one`)
    const callback = server.waitForCallback()
    server.respond('signed-in')
    return { callback }
  },
  login: () => login({ provider: claude, path, client: loopback, signIn: { openBrowser: false } }),
  codex: () => loginOpenAICodex({ provider: codex, path, client: loopback, signIn: { openBrowser: false } }),
  mismatch() {
    const client = createOAuthClient(here)
    const flow = client.startFlow('max')
    return client.exchangeCode('a-code#another-state', flow)
  },
  mistake: () => createOAuthClient(here).refreshToken(''),
  readers: () => refreshToken({ provider: { ...claude, id: 'mine' }, tokens: 'rt' }),
  replacedReader: () => refreshToken({ provider: { ...claude, readAccount: () => undefined }, tokens: 'rt' }),
}

function isAnswered(): boolean {
  try {
    ask('openBrowser', ['ftp://nobody.example'], 0)
    return true
  } catch {
    return false
  }
}

function say(line: string): void {
  writeSync(2, `${line}\n`)
}

try {
  writeSync(1, JSON.stringify({ value: jobs[job]?.() }))
} catch (error) {
  const known = isOAuthError(error) ? { code: error.code, detail: error.detail } : { code: (error as Error).name }
  writeSync(1, JSON.stringify({ ...known, message: (error as Error).message }))
}
