/**
 * Reads a body as text; `undefined` when it is longer than `limit` bytes. Nothing is read on once nobody
 * waits; the text is then what had come.
 */
export async function readText(
  { body }: Pick<Response, 'body'>,
  limit: number,
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (body === null) return ''
  const reader = body.getReader()
  const hangUp = (): void => void reader.cancel().catch(() => undefined)
  signal?.addEventListener('abort', hangUp)
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.byteLength
    if (size > limit) {
      hangUp()
      return undefined
    }
    text += decoder.decode(value, { stream: true })
  }
}
