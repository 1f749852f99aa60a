import type { Fetch } from 'latchkey'

/** Says whether a token is good: nothing, or what the API answers instead. */
export type Admit = (authorization: string) => Promise<Response | undefined>

/** A chat API that answers word by word, to whoever comes with a good token. */
export function chatApi(admit: Admit): Fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const refused = await admit(request.headers.get('authorization') ?? '')
    if (refused !== undefined) return refused
    const { message } = (await request.json()) as { readonly message: string }
    return new Response(words(`You said “${message}”. That is all I know, but I can say it slowly.`), {
      headers: { 'content-type': 'text/event-stream' },
    })
  }
}

function words(text: string): ReadableStream<Uint8Array> {
  const left = text.split(/(?<= )/)
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const next = left.shift()
      if (next === undefined) return controller.close()
      controller.enqueue(encoder.encode(`data: ${JSON.stringify({ text: next })}\n\n`))
      await new Promise((resolve) => setTimeout(resolve, 60))
    },
  })
}
