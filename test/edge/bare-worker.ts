// What a proxy costs that does nothing: hands requests to one upstream, and answers back.

// oxlint-disable-next-line import/no-default-export -- Workers are found by their default export.
export default {
  fetch(request: Request, env: { readonly UPSTREAM: string }): Promise<Response> {
    const { pathname, search } = new URL(request.url)
    const headers = new Headers(request.headers)
    headers.set('authorization', 'Bearer bare')
    const { method, body } = request
    return fetch(env.UPSTREAM + pathname.replace('/up', '') + search, { method, headers, body, redirect: 'manual' })
  },
}
