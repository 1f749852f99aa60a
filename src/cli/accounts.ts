import { untrustedText } from '../errors.ts'
import { authFilePath } from '../node/auth-file-path.ts'
import { loadAuth } from '../node/load-auth.ts'
import { accountRow } from './account-row.ts'
import type { Asked } from './command.ts'
import { print } from './world.ts'
import type { World } from './world.ts'

/** `latchkey accounts`: a line for each account, what it is called first. */
export async function accounts(asked: Asked, world: World): Promise<number> {
  const path = authFilePath({ env: world.env })
  const entries = Object.entries(await loadAuth({ path }))
  const rows = entries.map(([key, record]) => accountRow(key, record, path))
  if (asked.flag('json')) print(world, JSON.stringify(rows, undefined, 2))
  else {
    for (const [n, { state, account }] of rows.entries()) {
      print(
        world,
        [untrustedText(entries[n]?.[0]), account?.email ?? account?.name ?? account?.id ?? '-', state].join('\t'),
      )
    }
  }
  return 0
}
