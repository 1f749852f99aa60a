import { inFile } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const core = 'test/suites/core'
const callbacks = `${core}/callbacks.test.ts`
const idTokens = `${core}/id-tokens.test.ts`
const tokenAnswers = `${core}/token-answers.test.ts`

/** What an ID token says, by whoever wrote it. */
const believed = "JSON.parse(Buffer.from(String(members['id_token']).split('.')[1] ?? '', 'base64url').toString())"

/** What is read of callbacks, ID tokens and token answers. */
export const protocolMutants: readonly Mutant[] = [
  ...inFile(
    'src/core/callback.ts',
    [callbacks],
    [
      {
        name: 'a question mark in a value begins the query',
        find: '(?![\\w.-]+=)',
        replace: '',
      },
      {
        name: 'the state is not compared',
        find: 'if (state === transaction.state) return',
        replace: "if (state !== '') return",
      },
      {
        name: 'the issuer of a callback is not compared',
        find: 'if (received !== expected) {',
        replace: "if (received === '') {",
      },
      {
        name: 'an announced issuer may be missing',
        find: "if (announced) throw new OAuthError('issuer_mismatch', { expected })",
        replace: '',
      },
      {
        name: 'an issuer that nobody announced is believed',
        find: "if (!announced && provider.unannouncedIssuer !== 'compare') {",
        replace: 'if (received === undefined) {',
      },
      {
        name: 'a transaction goes on with another server',
        find: 'if (server.issuer !== expected) throw',
        replace: 'if (server.issuer === undefined) throw',
      },
      {
        name: 'a parameter may come twice',
        find: 'if (params.getAll(name).length > 1) throw',
        replace: 'if (params.getAll(name).length > 2) throw',
      },
      {
        name: 'a callback may carry a token',
        find: "['access_token', 'id_token', 'token'].some((name) => params.has(name))",
        replace: "params.has('response')",
      },
      {
        name: 'a callback may carry a code and an error',
        find: 'if (error !== null && code !== null) throw',
        replace: "if (error === '') throw",
      },
      {
        name: 'a code may be empty',
        find: "if (code === null || code === '') throw invalid('it carries neither a code nor an error.')",
        replace: '',
      },
      {
        name: 'a callback may arrive at another host',
        find: 'url.host === expected.host',
        replace: "url.host !== ''",
      },
      {
        name: 'a callback may arrive at another path',
        find: 'url.pathname === expected.pathname',
        replace: "url.pathname !== ''",
      },
      {
        name: 'a code without its state is read',
        find: "if (hash < 1 || state === '') throw invalid('without its state a code cannot be checked; paste all that was shown.')",
        replace: "if (hash < 1) return { params: new URLSearchParams({ code: text, state: '-' }) }",
      },
      {
        name: 'a callback may be of any length',
        find: "if (params.toString().length > longest) throw invalid('it is too long.')",
        replace: '',
        tests: [`${core}/callbacks-guards.test.ts`],
      },
    ],
  ),
  ...inFile(
    'src/core/authorize.ts',
    [`${core}/authorization-url.test.ts`],
    [
      {
        name: 'the challenge is the verifier itself',
        find: 'generateCodeChallenge(transaction.codeVerifier)',
        replace: 'transaction.codeVerifier',
      },
      {
        name: 'the challenge is called plain',
        find: "'code_challenge_method', 'S256'",
        replace: "'code_challenge_method', 'plain'",
      },
      {
        name: 'the state is always the same',
        find: 'return generateRandomState()',
        replace: "return 'a'.repeat(43)",
      },
      {
        name: 'the verifier is always the same',
        find: 'return generateRandomCodeVerifier()',
        replace: "return 'a'.repeat(43)",
      },
      {
        name: 'no nonce is asked for',
        find: "...(scopes.includes('openid') && { nonce: generateRandomNonce() }),",
        replace: '',
      },
      {
        name: 'a caller may replace our parameters',
        find: 'if (reserved.includes(name)) throw',
        replace: "if (name === '') throw",
      },
      {
        name: 'the authorization endpoint may carry a parameter of ours already',
        find: 'if (own?.has(name)) throw',
        replace: "if (name === '') throw",
      },
      {
        name: 'the authorization endpoint loses its own query',
        find: '`${own}&${params}`',
        replace: '`${params}`',
      },
      {
        name: 'a redirect URI may have a fragment',
        find: "if (redirectUri.includes('#')) throw",
        replace: "if (redirectUri === '#') throw",
      },
    ],
  ),
  ...inFile(
    'src/core/exchange.ts',
    [idTokens],
    [
      {
        name: 'any nonce is believed',
        find: 'expectedNonce: nonce, requireIdToken: true',
        replace: `expectedNonce: ${believed}.nonce, requireIdToken: true`,
      },
      {
        name: 'an ID token for another client is believed',
        find: 'processAuthorizationCodeResponse(server, client, judged, {',
        replace: `processAuthorizationCodeResponse(server, { ...client, client_id: [${believed}.aud].flat()[0] }, judged, {`,
      },
      {
        name: 'an ID token of another issuer is believed',
        find: 'processAuthorizationCodeResponse(server, client, judged, {',
        replace: `processAuthorizationCodeResponse({ ...server, issuer: ${believed}.iss }, client, judged, {`,
      },
      {
        name: 'the code goes to the endpoint that the metadata names by now',
        find: 'token_endpoint: tokenEndpoint } }',
        replace: 'token_endpoint: parties.server.token_endpoint ?? tokenEndpoint } }',
        tests: [`${core}/discovery.test.ts`],
      },
    ],
  ),
  ...inFile(
    'src/core/id-token.ts',
    [idTokens],
    [
      {
        name: 'the signature of an ID token is not verified',
        find: 'await verifySignature(',
        replace: 'await Promise.resolve(',
      },
      {
        name: 'at_hash is not compared',
        find: "claims['at_hash'] !== (await atHash(body.id_token, body.access_token))",
        replace: "claims['at_hash'] === ''",
      },
      {
        name: 'azp is not compared',
        find: 'if (claims.azp !== undefined && claims.azp !== clientId) throw',
        replace: "if (clientId === '') throw",
      },
      {
        name: 'an ID token may be of the future',
        find: 'if (claims.iat > world.clock.now() / 1000 + skewAllowed) throw',
        replace: 'if (claims.iat > Infinity) throw',
      },
      {
        name: 'an ID token may name nobody',
        find: "if (claims.sub === '') throw invalid('it names nobody.')",
        replace: '',
      },
    ],
  ),
  ...inFile(
    'src/core/token-answer.ts',
    [tokenAnswers],
    [
      {
        name: 'an access token may hold anything',
        find: '/^[\\x21-\\x7e]+$/.test(value)',
        replace: "value !== ''",
      },
      {
        name: 'a refresh token that cannot be kept passes for none',
        find: "checkRefreshToken(answer, members['refresh_token'])",
        replace: '',
      },
      {
        name: 'a token that is not bound passes for one that is',
        find: "if (type === 'bearer' && !proof) return 'Bearer'",
        replace: "if (type === 'bearer') return proof ? 'DPoP' : 'Bearer'",
        tests: [tokenAnswers, `${core}/proof.test.ts`],
      },
      {
        name: 'a lifetime counts from whenever',
        find: 'expiresAt: Math.min(answer.sentAt + lifetime, latest)',
        replace: 'expiresAt: Math.min(answer.sentAt + lifetime + 60_000, latest)',
      },
    ],
  ),
  ...inFile(
    'src/core/refresh.ts',
    [idTokens],
    [
      {
        name: 'a refresh may bring the tokens of another person',
        find: '  sameSubject(account, claims)\n',
        replace: '',
      },
      {
        name: 'a defective answer to a refresh is thrown away',
        find: "return { kind: 'defective', refreshToken: kept, error }",
        replace: 'throw error',
        tests: [tokenAnswers],
      },
      {
        name: 'tokens that are stored nowhere wait for the keys that prove them',
        find: 'openid && (await openid.keysAtHand(parties)) ? openid.proveIdToken : undefined',
        replace: 'openid?.proveIdToken',
        tests: ['test/suites/lifecycle/keys-first.test.ts'],
      },
      {
        name: 'what a refresh does not tell of a person is forgotten',
        find: '...(!isOther(told, account) && account), ',
        replace: '',
        tests: ['test/suites/providers/refreshed-accounts.test.ts'],
      },
    ],
  ),
  ...inFile(
    'src/core/user-info.ts',
    [`${core}/user-info.test.ts`],
    [
      {
        name: 'user info may speak of another person',
        find: 'subject ?? skipSubjectCheck',
        replace: 'subject === undefined ? skipSubjectCheck : skipSubjectCheck',
      },
      {
        name: 'the signature of user info is not verified',
        find: "if (signed) await verifySignature(parties, { endpoint: 'userinfo', jws: answer.text, signal })",
        replace: '',
      },
    ],
  ),
  ...inFile(
    'src/core/verify-signature.ts',
    [idTokens],
    [
      {
        name: 'an ID token is believed without any keys',
        find: "throw invalid(text, 'its signature cannot be verified: the server publishes no keys.')",
        replace: 'return',
      },
      {
        name: 'a server is asked for an unknown key as often as somebody makes one up',
        find: '|| age(parties, keys) < settled',
        replace: '',
      },
      {
        name: 'keys that were withdrawn are believed for ever',
        find: ' && age(parties, keys) < kept',
        replace: '',
      },
    ],
  ),
  ...inFile(
    'src/core/proof.ts',
    [`${core}/proof.test.ts`],
    [
      {
        name: 'a proof is good for every token',
        find: 'ath: accessToken === undefined ? undefined : await hash(accessToken)',
        replace: 'ath: undefined',
      },
      {
        name: 'a nonce goes to every origin',
        find: 'nonce: nonces.get(origin)',
        replace: 'nonce: [...nonces.values()].at(-1)',
      },
      {
        name: 'the nonces of a thousand origins are kept',
        find: 'nonces.size > most && ',
        replace: 'nonces.size > 9999 && ',
      },
    ],
  ),
]
