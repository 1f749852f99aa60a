// Begins a token request that nobody ends, as where MCP's SDK fails: `node mcp-turn-child.ts`.

import { takeTurn } from '../../src/sdk/parts/mcp-turn.ts'
import { memoryStore } from '../../src/stores/memory.ts'

await takeTurn(memoryStore(), 'key')
console.log('begun')
