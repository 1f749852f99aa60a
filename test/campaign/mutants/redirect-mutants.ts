import { inFile } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const guards = 'test/node/loopback-guards.test.ts'
const listening = 'test/node/loopback-lifecycle.test.ts'
const opener = 'test/node/open-browser.test.ts'
const paste = 'test/node/node-client-paste.test.ts'

/** What waits on this machine for a callback, and what is started and pasted. */
export const redirectMutants: readonly Mutant[] = [
  ...inFile(
    'src/redirects/judge-callback.ts',
    [guards],
    [
      {
        name: 'any Host is answered',
        find: "if (headers['host'] !== redirectUri.host) return { status: 421 }\n",
        replace: '\n',
      },
      {
        name: 'pages of any Origin may ask',
        find: "if (headers['origin'] !== undefined && headers['origin'] !== redirectUri.origin) return { status: 403 }\n",
        replace: '\n',
      },
      {
        name: 'a callback may come at any path',
        find: "if (target.split('?', 1)[0] !== redirectUri.pathname) return { status: 404 }\n",
        replace: '\n',
      },
      {
        name: 'the path of a callback is compared after parsing',
        find: "target.split('?', 1)[0] !== redirectUri.pathname",
        replace: 'new URL(redirectUri.origin + target).pathname !== redirectUri.pathname',
      },
      {
        name: 'a callback may come by any method',
        find: "if (method !== 'GET') return { status: 405 }\n",
        replace: '\n',
      },
      {
        name: 'a callback may have any state',
        find: 'isAnswer(url.searchParams) && accept(url)',
        replace: 'isAnswer(url.searchParams)',
      },
      {
        name: 'a callback may repeat a parameter',
        find: 'if (known.some((name) => params.getAll(name).length > 1)) return false\n',
        replace: '\n',
      },
      {
        name: 'a callback may ask for an upgrade',
        find: "if (headers['upgrade'] !== undefined) return { status: 400 }\n",
        replace: '\n',
      },
      {
        name: 'a target may be of any length',
        find: 'if (target.length > longestTarget) return { status: 414 }\n',
        replace: '\n',
        tests: ['test/node/loopback-judge-guards.test.ts'],
      },
    ],
  ),
  ...inFile(
    'src/redirects/bind-loopback.node.ts',
    [listening],
    [
      {
        name: 'the callback port is open to the network',
        find: 'server.listen(port, host, () => {',
        replace: "server.listen(port, '0.0.0.0', () => {",
      },
      {
        name: 'localhost is one address family only',
        find: "localhost: ['127.0.0.1', '::1'],",
        replace: "localhost: ['127.0.0.1'],",
      },
    ],
  ),
  ...inFile(
    'src/redirects/loopback.node.ts',
    [listening],
    [
      {
        name: 'a callback is awaited without end',
        find: "const stop = later(timeout, () => fail(new OAuthError('timeout', { what: 'the callback', after: timeout })))",
        replace: 'const stop = (): void => undefined',
      },
    ],
  ),
  ...inFile(
    'src/redirects/loopback-sockets.node.ts',
    [guards],
    [
      {
        name: 'idle connections lock the browser out',
        find: 'if (open.size > limit)',
        replace: 'if (open.size > limit && socket.destroy())',
      },
    ],
  ),
  ...inFile(
    'src/redirects/escape-html.ts',
    ['test/node/loopback-page.test.ts'],
    [
      {
        name: 'words of the application are HTML',
        find: "return text.replace(/[&<>\"']/g, (character) => entities[character] ?? '')",
        replace: 'return text',
      },
    ],
  ),
  ...inFile(
    'src/node/open-browser.ts',
    [opener],
    [
      {
        name: 'any scheme is opened',
        find: "return protocol === 'https:' || (protocol === 'http:' && isLoopback) ? href : undefined",
        replace: 'return href',
      },
      {
        name: 'http is opened anywhere',
        find: "(protocol === 'http:' && isLoopback)",
        replace: "protocol === 'http:'",
      },
      { name: 'the opener is started by a shell', find: 'shell: false', replace: 'shell: true' },
    ],
  ),
  ...inFile(
    'src/redirects/pasted-callback.ts',
    [paste],
    [
      {
        name: 'a pasted code may have any state',
        find: 'pending.some((one) => one.state === state) ?',
        replace: 'pending.length > 0 ?',
      },
      {
        name: 'a pasted address may have any state',
        find: "here.some(({ state }) => state === url.searchParams.get('state')) ?",
        replace: 'here.length > 0 ?',
      },
      {
        name: 'a pasted address may be any',
        find: 'pending.filter(({ redirectUri }) => isSamePlace(url, new URL(redirectUri)))',
        replace: 'pending',
      },
      {
        name: 'a code alone is taken for an answer',
        find: "if (!code || !state) return 'A code alone is not enough. Copy the whole line: the code, the # and what follows it.'",
        replace: 'if (!code || !state) return undefined',
      },
    ],
  ),
]
