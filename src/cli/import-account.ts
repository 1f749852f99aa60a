import { authFileStore } from '../node/auth-file-store.ts'
import type { Tool } from '../node/index.ts'
import { moveTokens } from '../node/move-tokens.ts'
import { toolFilePath } from '../node/tool-files.ts'
import { slotHere, slotThere } from '../node/tool-slots.ts'
import { confirm } from './ask.ts'
import type { Asked } from './command.ts'
import { who } from './login.ts'
import { misuse } from './misuse.ts'
import { refuseOwnFile } from './refuse-own-file.ts'
import { profileOf, slotNamed } from './slot.ts'
import { say } from './world.ts'
import type { World } from './world.ts'

const tools: readonly Tool[] = ['pi', 'synaps', 'opencode', 'codex', 'claude-code']

/** `latchkey import`: moves another program's sign-in here, so that its refresh token has one owner. */
export async function importAccount(asked: Asked, world: World): Promise<number> {
  const [name, id = name === 'codex' ? 'openai-codex' : 'anthropic'] = asked.words
  const tool = tools.find((one) => one === name)
  if (tool === undefined) throw misuse(`Say whose sign-in: ${tools.slice(0, -1).join(', ')}.`)
  const { env } = world
  const path = toolFilePath(tool, { env })
  refuseOwnFile(tool, path, world)
  const slot = slotNamed(slotHere(tool, id), profileOf(asked, world))
  if (tool !== 'claude-code' && !asked.flag('yes')) {
    await confirm(`Move ${id} from ${path} here? ${tool} is signed out by that; close it first.`, world)
  }
  const { account } = await moveTokens(tool, {
    to: authFileStore({ env }),
    env,
    path,
    slot: slotThere(tool, id),
    key: slot.key,
  })
  say(world, `${slot.key}: signed in${who(account)}; ${tool} is signed out.`)
  return 0
}
