// What a proxy costs that does nothing: hands requests to one upstream, and answers back. Under `/whole` it first
// reads the whole of each body, as a proxy should not.

// oxlint-disable-next-line import/no-default-export -- Workers are found by their default export.
export default {
  async fetch(request: Request, env: { readonly UPSTREAM: string }): Promise<Response> {
    const { pathname, search } = new URL(request.url)
    const whole = pathname.startsWith('/whole/')
    const headers = new Headers(request.headers)
    headers.set('authorization', 'Bearer bare')
    const { method } = request
    const body = whole && request.body ? await request.arrayBuffer() : request.body
    const url = env.UPSTREAM + pathname.replace(/^\/(?:up|whole)/, '') + search
    const response = await fetch(url, { method, headers, body, redirect: 'manual' })
    return whole ? new Response(await response.arrayBuffer(), response) : response
  },
}
