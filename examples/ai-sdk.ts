import { createOpenAI } from '@ai-sdk/openai'
import { streamText } from 'ai'
import { createNodeClient, installationId } from 'latchkey/node'
import { chatgpt } from 'latchkey/providers/openai'
import { toAISDK } from 'latchkey/sdk/ai-sdk'

const provider = chatgpt({ agentName: 'My script', installation: await installationId() })
const client = createNodeClient({ provider })
if ((await client.token()) === undefined) await client.signIn()

const openai = createOpenAI(toAISDK(client).openai)
const { textStream } = streamText({ model: openai('gpt-5.6'), prompt: process.argv[2] ?? 'Good morning' })
for await (const text of textStream) process.stdout.write(text)
