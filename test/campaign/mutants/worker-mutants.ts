import { inFile } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const proxied = ['test/suites/worker/proxy.test.ts']

/** What stands between a browser and an API. */
export const workerMutants: readonly Mutant[] = [
  ...inFile('src/worker/proxy.ts', proxied, [
    {
      name: 'the platform may keep what looks like a file',
      find: "return path.lastIndexOf('.') > path.lastIndexOf('/')",
      replace: 'return path === undefined',
    },
    { name: 'the client follows redirects', find: "redirect: 'manual',", replace: "redirect: 'follow'," },
    {
      name: 'an upstream that takes too long is said to be unreachable',
      find: "if (deadline.passed()) return refusal(504, 'upstream_timeout', shared)",
      replace: "if (deadline.passed()) return refusal(502, 'upstream_unreachable', shared)",
    },
  ]),
  ...inFile('src/worker/proxy-rule.ts', proxied, [
    {
      name: 'an address may lead elsewhere once it is read',
      find: 'return plain || isAsWritten(href, origin, base + below(path)) ? href : undefined',
      replace: 'return href',
    },
  ]),
  ...inFile('src/worker/proxy-path.ts', proxied, [
    {
      name: 'a path stands for all that begin with it',
      find: "(?:/[^/]+)+' : ''}$`)",
      replace: "(?:/[^/]+)+' : ''}`)",
    },
    {
      name: 'a star stands for several segments',
      find: "replaceAll('*', '[^/]+')",
      replace: "replaceAll('*', '.+')",
    },
    {
      name: 'what is encoded without need is let through',
      find: String.raw`if (/%(?:2[DE]|3\d|4[1-9A-F]|5[\dAF]|6[1-9A-F]|7[\dAE])/i.test(segment)) return false` + '\n',
      replace: '\n',
    },
  ]),
  ...inFile(
    'src/worker/proxy-deadline.ts',
    [...proxied, 'test/suites/worker/proxy-deadline.test.ts'],
    [
      {
        name: 'nobody hears that the request has ended',
        find: 'signal: controller?.signal ?? given,',
        replace: 'signal: controller?.signal ?? new AbortController().signal,',
      },
      {
        name: 'upstream gets a signal that is not of the platform',
        find: 'another === undefined && given instanceof AbortSignal',
        replace: 'another === undefined',
      },
      { name: 'the bound ends answers that have begun', find: 'clearTimeout(timer)', replace: 'undefined' },
      { name: 'upstream may take for ever', find: 'Promise.race([work, (over ??= begin())])', replace: 'work' },
      { name: 'the bound begins anew', find: '(over ??= begin())', replace: 'begin()' },
      {
        name: 'a request upstream goes on after the time that was named',
        find: '        controller?.abort()\n',
        replace: '\n',
      },
    ],
  ),
  ...inFile('src/worker/proxy-response.ts', proxied, [
    {
      name: 'redirects come down',
      find: "if (redirects.includes(status)) return dropped(response, 'upstream_redirected', common)\n",
      replace: '\n',
    },
    {
      name: 'an answer keeps what the one before it had',
      find: 'const answered = new Response(bodiless.includes(status) ? null : response.body, init)\n  addAllowed(answered.headers,',
      replace:
        'const answered = new Response(bodiless.includes(status) ? null : response.body, init)\n  addAllowed(ours.headers, response.headers, rule)\n  addAllowed(answered.headers,',
    },
  ]),
  ...inFile('src/worker/proxy-headers.ts', proxied, [
    {
      name: 'no cache on the way is told to keep nothing',
      find: "= { 'cache-control': 'no-store' }",
      replace: '= {}',
    },
    { name: 'the caller’s own proofs go up', find: "  'authorization',\n", replace: '\n' },
    { name: 'upstream sets cookies here', find: "  'set-cookie',\n", replace: '\n' },
  ]),
]
