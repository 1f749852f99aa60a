import type { Tool } from './tool-files.ts'

/** What a program calls the account that we call `id`: opencode says `openai` for Codex, which is another sign-in here. */
export function slotThere(tool: Tool, id: string): string {
  return tool === 'opencode' && id === 'openai-codex' ? 'openai' : id
}

/** What we call the account that a program calls `slot`. */
export function slotHere(tool: Tool, slot: string): string {
  return tool === 'opencode' && slot === 'openai' ? 'openai-codex' : slot
}
