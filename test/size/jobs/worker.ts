import { createClient, memoryStore } from 'latchkey'
import { oauth2 } from 'latchkey/providers/oauth2'
import { encryptedStore } from 'latchkey/stores/encrypted'

const server = 'https://id.example.com'
const cookie = 'session'

export const worker = {
  async fetch(request: Request, env: { readonly KEY: string }): Promise<Response> {
    // What rests between two requests rests in the cookie, sealed.
    const cookies = memoryStore()
    const sealed = new RegExp(`(?:^|; )${cookie}=([^;]+)`).exec(request.headers.get('cookie') ?? '')?.[1]
    if (sealed !== undefined) {
      await cookies.update('example', () => ({ tokens: { accessToken: sealed, tokenType: 'Bearer' } }))
    }
    const client = createClient({
      provider: oauth2({
        id: 'example',
        endpoints: { authorization: `${server}/authorize`, token: `${server}/token`, revocation: `${server}/revoke` },
      }),
      clientId: 'worker',
      redirectUri: 'https://app.example.com/callback',
      apiOrigins: ['https://api.example.com'],
      store: encryptedStore(cookies, { key: env.KEY }),
    })
    const { pathname } = new URL(request.url)
    if (pathname === '/login') return Response.redirect((await client.start()).url.href)
    if (pathname === '/callback') await client.finish(request.url)
    const answer = pathname === '/callback' ? new Response() : await client.fetch(`https://api.example.com${pathname}`)
    const record = await cookies.get('example')
    const headers = new Headers(answer.headers)
    headers.append(
      'set-cookie',
      `${cookie}=${record?.tokens.accessToken ?? ''}; HttpOnly; Secure; SameSite=Lax; Path=/`,
    )
    return new Response(answer.body, { status: answer.status, headers })
  },
}
