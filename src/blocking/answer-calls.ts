// The thread that works while the other one waits. `ask` starts it; it does nothing unless asked.

import { writeSync } from 'node:fs'
import { Writable } from 'node:stream'
import { parentPort } from 'node:worker_threads'
import type { Provider } from '../contracts.ts'
import { isOAuthError } from '../errors.ts'
import { ensureFreshProviderToken } from '../node/ensure-fresh-token.ts'
import { exchangeCodeForTokens } from '../node/exchange-code-for-tokens.ts'
import { loadAuth, loadProviderAuth } from '../node/load-auth.ts'
import { login } from '../node/login.ts'
import { createOAuthClient } from '../node/oauth-client.ts'
import { openBrowser } from '../node/open-browser.ts'
import { refreshToken } from '../node/refresh-token.ts'
import { saveProviderAuth } from '../node/save-auth.ts'
import type { NodeSignInOptions } from '../node/sign-in-options.ts'
import { anthropic, anthropicPlatform } from '../providers/anthropic.ts'
import { openaiCodex } from '../providers/openai.ts'
import { startCallbackServer } from '../redirects/loopback.node.ts'
import type { CallbackServer } from '../redirects/loopback.node.ts'
import type { BlockingLoginOptions, Calls, Question, Reply } from './calls.ts'

const servers = new Map<number, CallbackServer>()

const calls: Calls = {
  exchangeCode: (config, callback, flow) => createOAuthClient(config).exchangeCode(callback, flow),
  createApiKey: (config, tokens) => createOAuthClient(config).createApiKey(tokens),
  renew: (config, tokens) => createOAuthClient(config).refreshToken(tokens),
  exchangeCodeForTokens: (request) => exchangeCodeForTokens({ ...request, provider: revived(request.provider) }),
  refreshToken: (request) => refreshToken({ ...request, provider: revived(request.provider) }),
  loadAuth,
  loadProviderAuth,
  saveProviderAuth,
  ensureFreshProviderToken: ({ provider, ...options }) => ensureFreshProviderToken(revived(provider), options),
  login: ({ provider, signIn, ...options }) =>
    login({ ...options, provider: revived(provider), signIn: signInOptions(signIn) }),
  openBrowser: (url) => openBrowser(url),
  async startCallbackServer(options) {
    const server = await startCallbackServer(options)
    const id = servers.size + 1
    servers.set(id, server)
    return { id, redirectUri: server.redirectUri, port: server.port }
  },
  awaitCallback: async (id) => String(await servers.get(id)?.callback),
  endCallback: async (id, outcome) => servers.get(id)?.respond(outcome),
}

/** The terminal's own descriptor: a stream of this thread would write through the one that waits. */
function signInOptions({
  openBrowser: opens = true,
  ...signIn
}: BlockingLoginOptions['signIn'] = {}): NodeSignInOptions {
  const output = new Writable({
    write(chunk, _encoding, done) {
      writeSync(2, String(chunk))
      done()
    },
  })
  return { ...signIn, via: 'loopback', output, ...(!opens && { openBrowser: false }) }
}

/** A row with its functions, which could not travel. */
function revived(row: Provider): Provider {
  const known = [anthropic(), anthropicPlatform(), openaiCodex()].find(({ id }) => id === row.id)
  const functions = Object.entries(known ?? {}).filter(([, value]) => typeof value === 'function')
  return { ...row, ...Object.fromEntries(functions) }
}

async function answer({ name, args, port, flag }: Question): Promise<void> {
  port.postMessage(await reply(name, args))
  Atomics.store(flag, 0, 1)
  Atomics.notify(flag, 0)
}

async function reply(name: keyof Calls, args: readonly unknown[]): Promise<Reply> {
  try {
    const call = calls[name] as (...given: readonly unknown[]) => Promise<unknown>
    return { value: await call(...args) }
  } catch (error) {
    if (isOAuthError(error)) return { failure: { code: error.code, detail: error.detail } }
    return { mistake: error instanceof TypeError ? error.message : 'The other thread failed.' }
  }
}

parentPort?.on('message', (question: Question) => void answer(question))
