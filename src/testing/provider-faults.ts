import type { Fault } from './faults.ts'

/**
 * What providers have been seen to answer in place of tokens, to be ordered with `server.faults`.
 *
 * @example
 * ```ts
 * server.faults.next('token', providerFaults.challenge)
 * ```
 */
export const providerFaults: Readonly<
  Record<'rateLimit' | 'rateLimitOfApi' | 'forbidden' | 'region' | 'challenge' | 'outage', Fault>
> = {
  /** Anthropic: too many requests. */
  rateLimit: {
    status: 429,
    retryAfter: 30,
    body: { error: { type: 'rate_limit_error', message: 'Rate limited. Please try again later.' } },
  },
  /** The same, as its API words it, and without a time. */
  rateLimitOfApi: {
    status: 429,
    body: { type: 'error', error: { type: 'rate_limit_error', message: 'Rate limited.' }, request_id: 'req_1' },
  },
  /** Anthropic: a network or region it does not serve. */
  forbidden: { status: 403, body: { error: { type: 'forbidden', message: 'Request not allowed' } } },
  /** OpenAI: the same. */
  region: {
    status: 403,
    body: {
      error: {
        code: 'unsupported_country_region_territory',
        message: 'Country, region, or territory not supported',
        param: null,
        type: 'request_forbidden',
      },
    },
  },
  /** A guard before the server that wants to see a browser. */
  challenge: { status: 403, body: '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>' },
  /** A page of the load balancer's. */
  outage: { status: 502, body: '<html><body><h1>502 Bad Gateway</h1></body></html>' },
}
