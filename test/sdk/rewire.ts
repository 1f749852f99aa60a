// Loaded before an example: whatever it asks of the vendors goes to the double that stands in for them.

const { DOUBLE: double = '' } = process.env
const vendors = ['platform.claude.com', 'api.anthropic.com', 'auth.openai.com', 'api.openai.com']
const real = globalThis.fetch

globalThis.fetch = (input, init) => {
  const request = new Request(input, init)
  const { hostname, pathname, search } = new URL(request.url)
  if (!vendors.includes(hostname)) return real(request)
  return real(new Request(new URL(pathname + search, double), request))
}
