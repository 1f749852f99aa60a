import Anthropic from '@anthropic-ai/sdk'
import { createNodeClient } from 'latchkey/node'
import { anthropicPlatform } from 'latchkey/providers/anthropic'
import { toAnthropic } from 'latchkey/sdk/anthropic'

const client = createNodeClient({ provider: anthropicPlatform() })
if ((await client.token()) === undefined) await client.signIn()

const anthropic = new Anthropic({ ...toAnthropic(client) })
const stream = anthropic.messages.stream({
  model: 'claude-sonnet-5',
  max_tokens: 1024,
  messages: [{ role: 'user', content: process.argv[2] ?? 'Good morning' }],
})
stream.on('text', (text) => process.stdout.write(text))
await stream.done()
