// The part of oidc-provider that these tests use. It ships no types.

declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  export interface ProviderClient {
    readonly clientId: string
    grantTypeAllowed(type: string): boolean
  }

  export interface ProviderContext {
    readonly oidc?: { readonly client?: ProviderClient }
  }

  export default class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>)
    callback(): RequestListener
    on(event: 'server_error', listener: (context: unknown, error: Error) => void): void
  }

  export const errors: { readonly InvalidTarget: new (description?: string) => Error }
}
