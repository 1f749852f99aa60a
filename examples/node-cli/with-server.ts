// Runs any of these examples against an authorization server of its own, with a person who agrees to
// everything: `node with-server.ts node main.ts`, `node ../node-cli/with-server.ts deno run -A main.ts`.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthorizationServer } from 'latchkey/testing'
import { listen } from 'latchkey/testing/node'

const { server, close } = await listen((origin) => createAuthorizationServer({ issuer: origin, autoApprove: true }))
const folder = await mkdtemp(join(tmpdir(), 'example-'))
const [program = 'node', ...args] = process.argv.slice(2)

const child = spawn(program, args, {
  stdio: 'inherit',
  env: {
    ...process.env,
    ISSUER: server.issuer,
    CLIENT_ID: 'app',
    API: `${server.apiUrl}/echo`,
    NOTES_AUTH_FILE: join(folder, 'auth.json'),
    LATCHKEY_AUTH_FILE: join(folder, 'auth.json'),
    // A browser in which every page is a yes.
    BROWSER: `${process.execPath} -e fetch(process.argv[1]).then(r=>r.text()) %s`,
  },
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal))
child.on('error', (error) => console.error(error.message))
child.on('close', async (status) => {
  process.exitCode = status ?? 1
  await close()
  await rm(folder, { recursive: true })
})
