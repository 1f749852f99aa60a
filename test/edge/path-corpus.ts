/** One request line. */
export interface RawTarget {
  readonly method: string
  readonly target: string
}

/** What may arrive upstream: written down once more, and not computed by what is tested. */
const allowed: readonly (readonly [origin: 'upstream' | 'elsewhere', methods: string, path: RegExp])[] = [
  ['upstream', 'GET POST', /^\/base\/v1\/messages$/],
  ['upstream', 'GET', /^\/base\/v1\/models$/],
  ['upstream', 'GET', /^\/base\/v1\/models\/[\w.~@:+,=!$&'()*-]*[\w~@:+,=!$&'()*-][\w.~@:+,=!$&'()*-]*$/],
  ['upstream', 'GET', /^\/base\/v1\/models\/(a%20b|%C3%A4|a%C3%A4z)$/],
  ['upstream', 'GET DELETE', /^\/base\/files(\/([\w~-]+(\.[\w~-]+)*|\*))+$/],
  ['elsewhere', 'PUT', /^\/exact$/],
]

/** Whether a request that arrived was one that the rules allow, whatever was sent. */
export function isAllowed(origin: 'upstream' | 'elsewhere', method: string, target: string): boolean {
  const [path = ''] = target.split('?')
  return allowed.some(
    ([where, methods, pattern]) => where === origin && methods.split(' ').includes(method) && pattern.test(path),
  )
}

/** What a slash, a dot or nothing may be written as by somebody who means harm. */
const slashes = [
  '%2f',
  '%2F',
  '%252f',
  '%25252F',
  '%5c',
  '%5C',
  '%255c',
  '\\',
  '//',
  '///',
  '/./',
  '/.//',
  '/%2e/',
  '%c0%af',
  '%e0%80%af',
  '%ef%bc%8f',
  '%u002f',
  '%%32%66',
  '/;/',
  '/;x=1/',
  '%00/',
  '/%00',
  '\t/',
  '/%09',
  '%0d%0a/',
  '/%20',
  '/%ad',
]
const climbs = [
  '..',
  '%2e%2e',
  '%2E%2e',
  '.%2e',
  '%2e.',
  '..;',
  '..;x=1',
  '%252e%252e',
  '%25%32%65%25%32%65',
  '..%00',
  '..%2f',
  '..%5c',
  '..\\',
  '..%c0%af',
  '%c0%ae%c0%ae',
  '%e0%80%ae%e0%80%ae',
  '%f0%80%80%ae%2e',
  '...',
  '....//',
  '%e2%80%a5',
  '%ef%bc%8e%ef%bc%8e',
  '..%20',
  '%20..',
  '..%09',
  '..#',
  '..?',
]
const tails = [
  '/',
  '//',
  '/.',
  '/..',
  '/*',
  '%2f',
  '%00',
  '%00.json',
  ';',
  ';a=b',
  ';/admin',
  '%3b',
  '%3Fx=1',
  '%23x',
  '.json%00',
  '%0a',
  '%0d%0aX-A:%201',
  '/%2e',
  '/%2e%2e/admin',
  '#',
  '#/../admin',
  '%20',
  '%09',
  '\\',
  '%7f',
  '%80',
  '%ff',
  '%',
  '%2',
  '%zz',
  '/../../../admin',
  '|',
  '^',
  '[',
  '`',
  '{',
  '"',
  '<',
]
const bases = ['/api', '/api/v1', '/api/v1/models', '/api/v1/messages', '/api/files', '/other']
const starts = [
  '//127.0.0.1',
  '///127.0.0.1',
  '/\\127.0.0.1',
  '\\\\127.0.0.1',
  '/@127.0.0.1',
  '/.127.0.0.1',
  'http://127.0.0.1:1/admin',
  'http://localhost/api/../admin',
  'HTTP://127.0.0.1/api/v1/admin',
  '*',
  '/api@127.0.0.1/admin',
  '/api.127.0.0.1/admin',
  '/api:80/admin',
  '/apix/v1/messages',
  '/API/v1/messages',
  '/%61pi/v1/messages',
  '/%2fapi/v1/messages',
  '//api/v1/messages',
  '/./api/v1/messages',
  '/x/../api/v1/messages',
  '/api%2fv1%2fmessages',
  '/api\\v1\\messages',
  '/api//v1/messages',
  '/api/v1//messages',
  '/api/V1/messages',
  '/api/v1/Messages',
  '/api/v1/message',
  '/api/v1/messagesx',
  '/api/v1/messages/x',
  '/api/v1',
  '/api',
  '/api/',
  '/api?x=/v1/messages',
  '/api#/v1/messages',
  '/api;/v1/messages',
  '/api/v1/models/a/b',
  '/api/files',
  '/api/files/',
  '/other',
  '/other/',
  '/other/exact/',
  '/other/Exact',
  '/up/admin',
  '/door',
  '/',
]
const methods = ['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'get', 'Post', 'PROPFIND', 'GET,POST']

/** Requests of which only those that `isAllowed` describes may go on. The first ones do. */
export function pathCorpus(): readonly RawTarget[] {
  const good: RawTarget[] = [
    ...[
      '/api/v1/messages',
      '/api/v1/messages?x=1',
      '/api/v1/messages?to=//evil/../%00%2f',
      '/api/v1/models',
      '/api/v1/models/a',
      '/api/v1/models/a.b-c_d~e',
      '/api/v1/models/a%20b',
      '/api/v1/models/%C3%A4',
      '/api/v1/models/x:generate',
      '/api/files/a',
      '/api/files/a/b/c.txt',
    ].map((target) => ({ method: 'GET', target })),
    { method: 'POST', target: '/api/v1/messages' },
    { method: 'DELETE', target: '/api/files/a/b' },
    { method: 'PUT', target: '/other/exact' },
  ]
  const get = (target: string): RawTarget => ({ method: 'GET', target })
  const doubtful = [
    ...starts,
    ...slashes.flatMap((slash) => [
      `/api${slash}v1${slash}messages`,
      `/api/v1/models/a${slash}admin`,
      `/api/files/a${slash}b`,
      `/api/v1/models${slash}..${slash}admin`,
    ]),
    ...bases.flatMap((base) => climbs.map((climb) => `${base}/${climb}/admin`)),
    ...['/api/v1/messages', '/api/v1/models/a', '/api/files/a', '/other/exact'].flatMap((base) =>
      tails.map((tail) => base + tail),
    ),
    `/api/v1/models/${'a'.repeat(5000)}`,
    `/api/files${'/a'.repeat(3000)}`,
  ]
  return [
    ...good,
    ...[...new Set(doubtful)].filter((target) => !/[ \r\n]/.test(target)).map(get),
    ...methods.map((method) => ({ method, target: '/api/v1/messages' })),
    ...methods.map((method) => ({ method, target: '/api/v1/models/a' })),
    ...methods.filter((method) => method !== 'PUT').map((method) => ({ method, target: '/other/exact' })),
  ]
}

/** How many of the corpus go on: the good ones. */
export const goodTargets = 14
