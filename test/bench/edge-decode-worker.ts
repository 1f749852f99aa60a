// Opens one cookie over and over. Clocks stand still in a Worker that asks nobody, so it is timed from outside.

import { compactDecrypt } from 'jose'
import { purposeKey } from '../../src/core/encrypted-json.ts'
import { cookieSecret, deploymentSeal, providerId, publicUrl } from './edge-deployment.ts'

const seal = deploymentSeal()
let known: CryptoKey | undefined

async function sessionKey(): Promise<CryptoKey> {
  known ??= await purposeKey(cookieSecret, ['cookie', 'session', publicUrl, '/auth', providerId])
  return known
}

interface NativeBase64 {
  fromBase64(text: string, options: { readonly alphabet: 'base64url' }): Uint8Array<ArrayBuffer>
}

const fromBase64url = (text: string): Uint8Array<ArrayBuffer> =>
  (Uint8Array as unknown as NativeBase64).fromBase64(text, { alphabet: 'base64url' })

/** The least that opens a compact JWE of this kind: one key, one algorithm, nothing checked but the seal. */
async function raw(cookie: string): Promise<unknown> {
  const [header = '', , iv = '', text = '', tag = ''] = cookie.split('.')
  const sealed = fromBase64url(text)
  const data = new Uint8Array(sealed.length + 16)
  data.set(sealed)
  data.set(fromBase64url(tag), sealed.length)
  const additionalData = new TextEncoder().encode(header)
  const how = { name: 'AES-GCM', iv: fromBase64url(iv), additionalData }
  return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(how, await sessionKey(), data)))
}

const ways: Readonly<Record<string, (cookie: string) => Promise<unknown>>> = {
  nothing: async () => undefined,
  raw,
  ours: (cookie) => seal.open('session', cookie),
  jose: async (cookie) => {
    const { plaintext } = await compactDecrypt(cookie, await sessionKey())
    return JSON.parse(new TextDecoder().decode(plaintext))
  },
}

// oxlint-disable-next-line import/no-default-export -- Workers are found by their default export.
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const open = ways[pathname.slice(1)]
    if (open === undefined) return new Response('', { status: 404 })
    const cookie = searchParams.get('cookie') ?? ''
    let last: unknown
    for (let time = Number(searchParams.get('times')); time > 0; time--) last = await open(cookie)
    return Response.json(last ?? 'nothing')
  },
}
