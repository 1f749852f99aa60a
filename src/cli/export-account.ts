import { OAuthError } from '../errors.ts'
import { writeAnthropicProfile } from '../node/anthropic-profile.ts'
import { authFilePath } from '../node/auth-file-path.ts'
import { authFileStore } from '../node/auth-file-store.ts'
import { fileStore } from '../node/index.ts'
import type { Tool } from '../node/index.ts'
import { moveTokens } from '../node/move-tokens.ts'
import { toolFilePath } from '../node/tool-files.ts'
import { slotHere, slotThere } from '../node/tool-slots.ts'
import { confirm } from './ask.ts'
import type { Asked } from './command.ts'
import { misuse } from './misuse.ts'
import { providerRow } from './provider-rows.ts'
import { refuseOwnFile } from './refuse-own-file.ts'
import type { Slot } from './slot.ts'
import { chooseSlot } from './slot.ts'
import { lockTimeout, say } from './world.ts'
import type { World } from './world.ts'

const tools: readonly Tool[] = ['pi', 'synaps', 'opencode']

/** `latchkey export`: gives an account to another program for good. Two owners of a refresh token would lose it. */
export async function exportAccount(asked: Asked, world: World): Promise<number> {
  const [name, word] = asked.words
  const tool = tools.find((one) => one === name)
  if (tool === undefined && name !== 'anthropic') throw misuse(`Say to whom: ${tools.join(', ')} or anthropic.`)
  if (tool !== undefined) refuseOwnFile(tool, toolFilePath(tool, world), world)
  const slot = await chooseSlot(word, asked, world, authFileStore({ env: world.env }))
  // Refreshed at another server, as another client's, the tokens would end.
  if (tool !== undefined && slotHere(tool, slotThere(tool, slot.id)) !== slot.id) {
    throw misuse(`${tool} has no account like ${slot.key}: it would take the tokens for ${slotHere(tool, slot.id)}.`)
  }
  if (!asked.flag('yes')) await confirm(`Give ${slot.key} to ${name}? It is signed out here by that.`, world)
  await (tool === undefined ? toAnthropic(slot, world) : toTool(tool, slot, world))
  say(world, `${slot.key}: ${name} has it now.`)
  return 0
}

/** Their file and ours have the same form. */
async function toTool(tool: Tool, slot: Slot, { env }: World): Promise<void> {
  const to = fileStore({ path: toolFilePath(tool, { env }) })
  const key = slotThere(tool, slot.id)
  await moveTokens('pi', { to, path: authFilePath({ env }), slot: slot.key, key, timeout: lockTimeout })
}

async function toAnthropic(slot: Slot, { env, platform, signal }: World): Promise<void> {
  if (slot.id !== 'anthropic' && slot.id !== 'anthropic-platform') {
    throw misuse('Only an account of anthropic or anthropic-platform can be a profile of theirs.')
  }
  // Pi writes down no client id, and its tokens were issued to the row's.
  const { clientId } = await providerRow(slot.id, {})
  await authFileStore({ env }).lock(
    slot.key,
    async (held) => {
      const record = await held.get(slot.key)
      if (record === undefined) throw new OAuthError('sign_in_required', { reason: 'absent' })
      const owned = { ...(clientId !== undefined && { clientId }), ...record }
      await writeAnthropicProfile(owned, { env, platform, ...(slot.profile && { profile: slot.profile }) })
      await held.update(slot.key, () => undefined)
    },
    { timeout: lockTimeout, signal },
  )
}
