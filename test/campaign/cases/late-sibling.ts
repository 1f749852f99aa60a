import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Got } from '../rig/client-commands.ts'
import { type Lab, opened, type Server, storedText } from '../rig/lab.ts'
import { slot } from '../rig/open-client.ts'
import type { Remote } from '../rig/start-process.ts'
import { row, type Row } from '../rig/report.ts'
import { fingerprint } from '../../../src/testing/redaction.ts'
import type { Case } from './case.ts'

/** The server refuses the refresh token, since a program that takes no lock has used it and is about to say so. */
export const lateSibling: Case = {
  id: 'C-11',
  async run(lab) {
    const rows: Row[] = []
    const place = { server: await lab.server({ revokeFamilyOnReuse: false }), worker: await lab.worker() }
    for (const delay of [50, 1_500]) {
      let good = 0
      const rounds = lab.size(20, 3)
      for (let round = 0; round < rounds; round += 1) if (await late(lab, place, delay)) good += 1
      rows.push(
        row(
          'C-11',
          `${rounds}, ${delay} ms`,
          'the sibling’s token is given, the store stays the sibling’s, 0 sign-ins',
          `${good} of ${rounds} adopted, ${rounds - good} sign-ins asked for`,
          good === rounds,
        ),
      )
    }
    return rows
  },
}

interface Place {
  readonly server: Server
  readonly worker: Remote
}

async function late(lab: Lab, { server, worker }: Place, delay: number): Promise<boolean> {
  const path = join(await lab.folder(), 'auth.json')
  await lab.signIn(path, server)
  await opened(worker, { origin: server.origin, path, worker: 'loser' })
  const auth = JSON.parse(storedText(path)) as Record<string, { refresh: string; access?: string }>
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'app',
    refresh_token: auth[slot]?.refresh ?? '',
  })
  const answer = (await (await fetch(`${server.origin}/token`, { method: 'POST', body })).json()) as {
    access_token: string
    refresh_token: string
  }
  const refused = async (): Promise<number> =>
    (await server.presentations()).filter(({ error }) => error === 'invalid_grant').length
  const before = await refused()
  const losing = worker.ask<Got>('token', { force: true })
  while ((await refused()) === before) await sleep(2)
  await sleep(delay)
  auth[slot] = { ...auth[slot], access: answer.access_token, refresh: answer.refresh_token }
  const text = JSON.stringify(auth, undefined, 2)
  await writeFile(path, text)
  const result = await losing
  const stored = JSON.parse(storedText(path)) as Record<string, { refresh: string }>
  const adopted = 'value' in result && result.value.token === (await fingerprint(answer.access_token))
  return adopted && stored[slot]?.refresh === answer.refresh_token
}
