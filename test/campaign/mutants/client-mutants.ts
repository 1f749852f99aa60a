import { inFile } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const client = 'test/suites/client'
const apiFetch = `${client}/fetch.test.ts`
const apiRedirects = `${client}/fetch-redirects.test.ts`
const signIns = `${client}/sign-in.test.ts`

/** Where a client's tokens go, and what its sign-ins are held against. */
export const clientMutants: readonly Mutant[] = [
  ...inFile(
    'src/client/api-request.ts',
    [apiFetch],
    [
      {
        name: 'an origin is compared as a prefix',
        find: "if (url.startsWith(origin) && url[origin.length] === '/') return true",
        replace: 'if (url.startsWith(origin)) return true',
      },
      {
        name: 'an address that had to be parsed may lead anywhere',
        find: 'if (!isWithin(origins, url.href)) throw',
        replace: "if (url.href === '') throw",
      },
      {
        name: 'an address may hold a name and a password',
        find: "if (url.username !== '' || url.password !== '') {",
        replace: "if (url.href === '') {",
      },
      {
        name: 'what only claims to be a request is sent as it is',
        find: 'return new Request(input)',
        replace: 'return input',
      },
      {
        name: 'a request with a stream counts as one that can be made again',
        find: "if (body === undefined) return typeof input === 'string' || isSafe(request) || input.body === null",
        replace: 'if (body === undefined) return true',
        tests: [`${client}/fetch-bodies.test.ts`],
      },
    ],
  ),
  ...inFile(
    'src/client/authorized-fetch.ts',
    [apiFetch],
    [
      {
        name: 'a request is made a third time',
        find: '  return send(parts, better, request)\n',
        replace:
          '  const again = await send(parts, better, request)\n  return again.status === 401 ? send(parts, better, request) : again\n',
      },
      {
        name: 'a stream that was read is sent again',
        find: 'if (better === undefined || !isRepeatable(request)) return response',
        replace: 'if (better === undefined) return response',
        tests: [`${client}/fetch-bodies.test.ts`],
      },
      {
        name: 'a refusal for another reason renews the token',
        find: "if (error !== undefined && error !== 'invalid_token') return undefined",
        replace: '',
        tests: [apiFetch],
      },
      {
        name: 'a redirect of an API may lead anywhere',
        find: '!isWithin(parts.apiOrigins, target.href)',
        replace: "target.href === ''",
        tests: [apiRedirects, apiFetch],
      },
      {
        name: 'the runtime is left to follow the redirects of an API',
        find: "headers, redirect: 'manual' })",
        replace: "headers, redirect: 'follow' })",
        tests: [apiRedirects, apiFetch],
      },
      {
        name: 'what changes something is redirected',
        find: 'hop < hops && isSafe(request) &&',
        replace: 'hop < hops &&',
        tests: [apiRedirects],
      },
      {
        name: 'redirects are followed without end',
        find: 'const hops = 5',
        replace: 'const hops = 50_000',
        tests: [apiRedirects],
      },
      {
        name: "a caller's own authorization is left",
        find: "headers.set('authorization', authorization)",
        replace: "if (!headers.has('authorization')) headers.set('authorization', authorization)",
      },
    ],
  ),
  ...inFile(
    'src/client/finish-sign-in.ts',
    [signIns],
    [
      {
        name: 'a sign-in that took too long goes on',
        find: 'if (world.clock.now() >= transaction.expiresAt) {',
        replace: 'if (world.clock.now() === transaction.expiresAt + 1) {',
      },
      {
        name: 'a sign-in of another slot is taken away',
        find: 'if (!isOurs(transaction, config)) {\n    await transactions.put(transaction)\n',
        replace: 'if (!isOurs(transaction, config)) {\n',
      },
      {
        name: 'a sign-in of another slot is finished here',
        find: 'transaction.slot === slot &&',
        replace: '',
      },
      {
        name: 'a sign-in at another issuer is finished here',
        find: 'transaction.issuer === policy.issuer &&',
        replace: '',
        tests: [signIns, 'test/suites/core/callbacks.test.ts'],
      },
      {
        name: 'a sign-in of another client id is finished here',
        find: ' && transaction.clientId === clientId',
        replace: '',
        tests: [signIns, 'test/suites/core/callbacks.test.ts'],
      },
      {
        name: 'a callback may arrive anywhere',
        find: '!arrivedAt(callback.url, transaction.redirectUri)',
        replace: "callback.url.href === ''",
      },
      {
        name: 'a store may give another transaction than was asked for',
        find: 'if (transaction === undefined || transaction.state !== state) return undefined',
        replace: 'if (transaction === undefined) return undefined',
        tests: [`${client}/sign-in-guards.test.ts`],
      },
    ],
  ),
  ...inFile(
    'src/client/sign-in.ts',
    [signIns],
    [
      {
        name: 'a callback that comes again finds nothing',
        find: 'if (known !== undefined) return untilAborted(known.result, signal)',
        replace: '',
      },
    ],
  ),
  ...inFile(
    'src/client/options.ts',
    [`${client}/options.test.ts`],
    [
      {
        name: 'sessions may be lost in a store that is not indivisible',
        find: '  refuseLosingSessions(store, provider, options)\n',
        replace: '',
      },
      {
        name: 'an API origin may have a path',
        find: "if (url.pathname === '/' && url.search === '') return url.origin",
        replace: "if (url.origin !== '') return url.origin",
      },
      {
        name: 'the fetch is looked up with each request',
        find: 'fetch: (input, init) => taken(input, init),',
        replace: 'fetch: (input, init) => (fetch ?? globalThis.fetch)(input, init),',
      },
    ],
  ),
  ...inFile(
    'src/client/guarded-store.ts',
    [`${client}/get-token.test.ts`],
    [
      {
        name: 'a stored token may hold anything',
        find: '!/^[\\x21-\\x7e]+$/.test(accessToken)',
        replace: "accessToken === ''",
      },
      {
        name: 'what a store throws is let through',
        find: 'throw isOAuthError(error) ? error : new OAuthError(failure,',
        replace: 'if (error) throw error\n    throw new OAuthError(failure,',
        tests: [`${client}/get-token.test.ts`, 'test/suites/hygiene/canary.test.ts'],
      },
    ],
  ),
  ...inFile(
    'src/client/connection.ts',
    [`${client}/get-token.test.ts`],
    [
      {
        name: 'an answer that comes late is not listened for',
        find: "if (outcome.kind !== 'lost' || outcome.error.code !== 'timeout' || pending === undefined) return { outcome }",
        replace: "if (outcome.kind !== 'tokens') return { outcome }",
      },
    ],
  ),
  ...inFile(
    'src/client/sign-out.ts',
    [`${client}/sign-out.test.ts`],
    [
      {
        name: 'the server is asked before the record is removed',
        find: '  const removed = await session.end()\n',
        replace:
          '  const stored = await session.reload()\n  if (revoke && stored) await revokeRecord(connection, stored).catch(() => undefined)\n  const removed = await session.end()\n',
      },
      {
        name: 'the refresh token is not revoked',
        find: "if (refreshToken !== undefined) await revokeToken(parties, { token: refreshToken, hint: 'refresh_token' })",
        replace: '',
      },
    ],
  ),
]
