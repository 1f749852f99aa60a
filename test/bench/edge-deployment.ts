import { realClock } from '../../src/core/index.ts'
import { cookieSeal } from '../../src/worker/cookie-seal.ts'
import type { CookieSeal } from '../../src/worker/cookie-seal.ts'

// What the Worker, and whoever makes cookies for it, must agree about.

export const publicUrl = 'http://localhost:8787'

export const providerId = 'example'

export const cookieSecret = 'a secret for the bench that nobody else needs to know'

/** The Worker's own seal. */
export function deploymentSeal(): CookieSeal {
  const deployment = [publicUrl, '/auth', providerId]
  return cookieSeal({ secret: cookieSecret, deployment, clock: realClock, timeout: 10_000 })
}
