import { inFile } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const core = 'test/suites/core'
const discovery = `${core}/discovery.test.ts`
const redirects = `${core}/redirects.test.ts`
const serverText = `${core}/server-text.test.ts`
const tokenAnswers = `${core}/token-answers.test.ts`

/** What is sent to whom, how much is read of an answer, and what is said of it. */
export const transportMutants: readonly Mutant[] = [
  ...inFile(
    'src/core/send.ts',
    [redirects],
    [
      {
        name: 'the runtime is left to follow redirects',
        find: "redirect: 'manual',",
        replace: "redirect: 'follow',",
      },
      {
        name: 'a redirect is read as an answer',
        find: 'const redirected = status >= 300 && status < 400',
        replace: 'const redirected = status === 399',
      },
      {
        name: 'a hidden redirect is read as an answer',
        find: "response.type === 'opaqueredirect'",
        replace: "response.type === 'error'",
        tests: [`${core}/send-guards.test.ts`],
      },
      {
        name: 'an answer that was redirected is believed',
        find: ' || response.redirected) {',
        replace: ') {',
      },
      {
        name: 'an answer may nest without end',
        find: 'nesting(text) > maxDepth',
        replace: 'nesting(text) > Infinity',
        tests: [discovery, tokenAnswers],
      },
      {
        name: 'a bracket in a string counts as nesting',
        find: "} else if (character === '\"') quoted = true",
        replace: "} else if (character === '\"') quoted = false",
        tests: [`${core}/send-guards.test.ts`],
      },
      {
        name: 'an answer is awaited without end',
        find: 'world.timeout, world.clock)',
        replace: 'world.timeout + 1e9, world.clock)',
        tests: ['test/suites/client/get-token.test.ts', discovery],
      },
      {
        name: 'a caller who hangs up ends the token request',
        find: 'const { carry = (begin) => begin(limit.signal) } = init',
        replace: 'const carry: Carry = (begin) => init.carry?.(() => begin(limit.signal)) ?? begin(limit.signal)',
        tests: ['test/suites/client/get-token.test.ts'],
      },
      {
        name: 'a request that never left counts as sent',
        find: "sent: neverLeft(code) ? 'no' : 'maybe'",
        replace: "sent: 'maybe'",
        tests: [`${core}/send-guards.test.ts`],
      },
      {
        name: 'a request that broke off counts as never sent',
        find: "sent: neverLeft(code) ? 'no' : 'maybe'",
        replace: "sent: 'no'",
        tests: [`${core}/send-guards.test.ts`],
      },
    ],
  ),
  ...inFile(
    'src/core/read-text.ts',
    [discovery],
    [
      {
        name: 'an answer may have any size',
        find: 'if (size > limit) {',
        replace: 'if (size > Infinity) {',
        tests: [discovery, tokenAnswers],
      },
      {
        name: 'a body is read on when nobody waits for it',
        find: "signal?.addEventListener('abort', hangUp)",
        replace: '',
        tests: [`${core}/send-guards.test.ts`],
      },
    ],
  ),
  ...inFile(
    'src/core/endpoint.ts',
    [discovery],
    [
      {
        name: 'an endpoint need not be https',
        find: "if (url?.protocol === 'https:' ||",
        replace: 'if ((url !== undefined && !local) ||',
      },
      {
        name: 'http on loopback needs no permission',
        find: '(local && allowInsecureLoopback)',
        replace: '(local && allowInsecureLoopback !== undefined)',
      },
      {
        name: 'http is allowed on hosts that only look like loopback',
        find: 'return loopbackHosts.includes(url.hostname)',
        replace: 'return loopbackHosts.some((host) => url.hostname.startsWith(host))',
      },
      {
        name: 'an endpoint may hold a user name',
        find: "if (url.username === '' && url.password === '' &&",
        replace: "if (url.password === '' &&",
      },
      {
        name: 'an endpoint may hold a fragment',
        find: "&& !value.includes('#')) return",
        replace: "&& value !== '#') return",
      },
    ],
  ),
  ...inFile(
    'src/core/endpoint-url.ts',
    [discovery],
    [
      {
        name: 'metadata may point to a private address',
        find: 'isPrivate(url) && !isPrivate(new URL(rules.namedBy))',
        replace: 'isPrivate(url) && isPrivate(new URL(rules.namedBy)) && false',
      },
      { name: 'a link-local address is not private', find: '  /^169\\.254\\./,\n', replace: '' },
      { name: 'an IPv4 address within IPv6 is not private', find: '  /^\\[::/,\n', replace: '' },
    ],
  ),
  ...inFile(
    'src/core/discovery.ts',
    [discovery],
    [
      {
        name: 'metadata may be that of another issuer',
        find: 'if (named !== undefined && named !== issuer) {',
        replace: "if (named === 'nobody') {",
      },
      {
        name: 'a server without S256 will do',
        find: "(isStrings(methods) && methods.includes('S256'))",
        replace: 'isStrings(methods)',
      },
    ],
  ),
  ...inFile(
    'src/errors.ts',
    [serverText],
    [
      {
        name: 'text of a server keeps its control characters',
        find: ".replace(new RegExp('[\\\\p{Cc}\\\\p{Cf}\\\\p{Zl}\\\\p{Zp}\\\\p{Cs}]+', 'gu'), ' ')",
        replace: '',
      },
      {
        name: 'text of a server keeps our secrets',
        find: "clean.replaceAll(secret, '[removed]')",
        replace: 'clean',
      },
      {
        name: 'text of a server has any length',
        find: 'clean.length > limit ?',
        replace: 'clean.length > Infinity ?',
      },
    ],
  ),
  ...inFile(
    'src/core/failure.ts',
    [serverText],
    [
      {
        name: 'an error code may be a secret of ours',
        find: "secrets.some((secret) => secret !== '' && value.includes(secret)) ? 'unreadable' : value",
        replace: 'value',
      },
      {
        name: 'trouble of a server counts as its refusal',
        find: 'if (status >= 500 ||',
        replace: 'if (status >= 600 ||',
        tests: [tokenAnswers],
      },
      {
        name: 'a row that cannot read an answer makes it one that was lost',
        find: 'members && ownError(answer, members)',
        replace: 'members && answer.provider.readError?.(members, answer.response.status)',
        tests: ['test/suites/lifecycle/unreadable-errors.test.ts'],
      },
    ],
  ),
  ...inFile(
    'src/core/request-secrets.ts',
    [serverText],
    [
      { name: 'a refresh token is no secret', find: "  'refresh_token',\n", replace: '' },
      { name: 'a code verifier is no secret', find: "  'code_verifier',\n", replace: '' },
      { name: 'a client secret is none', find: "  'client_secret',\n", replace: '' },
    ],
  ),
  ...inFile(
    'src/core/retry-after.ts',
    [tokenAnswers],
    [
      {
        name: 'a server may make us wait for ever',
        find: 'Math.min(at, now + longest)',
        replace: 'at',
      },
    ],
  ),
  ...inFile(
    'src/core/call.ts',
    [`${core}/proof.test.ts`],
    [
      {
        name: 'a request is repeated for a nonce as often as the server likes',
        find: 'attempt === 2 ||',
        replace: 'attempt === 9 ||',
      },
    ],
  ),
]
