import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OAuthError } from '../errors.ts'

/** The hosts a loopback redirect URI may name. */
export type LoopbackHost = '127.0.0.1' | 'localhost' | '::1'

/** Servers that listen on one port, one for each address of the host. */
export interface BoundLoopback {
  readonly servers: readonly Server[]
  readonly port: number
}

// A browser resolves `localhost` to either family: whoever held the other one would get the callback.
const addresses: Readonly<Record<LoopbackHost, readonly string[]>> = {
  '127.0.0.1': ['127.0.0.1'],
  '::1': ['::1'],
  localhost: ['127.0.0.1', '::1'],
}

const ephemeralAttempts = 10
/** `EACCES`: also what Windows says of a port in a range it has reserved. */
const taken = ['EADDRINUSE', 'EACCES']
/** The machine lacks the address family. */
const missing = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EPROTONOSUPPORT', 'EINVAL']

/**
 * Makes servers with `open` listen on loopback addresses only, on the first of `ports` that is free.
 * Port 0 is any free port.
 *
 * For `localhost` that is both families where the machine has both; a port of which another program
 * holds one family counts as taken.
 *
 * Errors: `port_in_use`; `unsupported` where the runtime does not let us listen at all.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8252#section-8.3 RFC 8252, section 8.3}
 */
export async function bindLoopback(
  host: LoopbackHost,
  ports: readonly number[],
  open: () => Server,
): Promise<BoundLoopback> {
  for (const port of ports) {
    for (let attempt = port === 0 ? ephemeralAttempts : 1; attempt > 0; attempt--) {
      const bound = await bindPort(addresses[host], port, open)
      if (bound !== undefined) return bound
    }
  }
  throw new OAuthError('port_in_use', { ports })
}

async function bindPort(
  hosts: readonly string[],
  port: number,
  open: () => Server,
): Promise<BoundLoopback | undefined> {
  const servers: Server[] = []
  let chosen = port
  for (const host of hosts) {
    const server = open()
    const failure = await listen(server, chosen, host)
    if (failure === undefined) {
      servers.push(server)
      chosen = (server.address() as AddressInfo).port
    } else if (!(missing.includes(failure) && hosts.length > 1)) {
      for (const other of servers) other.close()
      if (taken.includes(failure)) return undefined
      throw new OAuthError('unsupported', { what: `listening on ${host} (${failure})` })
    }
  }
  if (servers.length === 0) throw new OAuthError('unsupported', { what: `listening on ${hosts.join(' or ')}` })
  return { servers, port: chosen }
}

/** Gives the code of the failure, if it failed. */
function listen(server: Server, port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const failed = (error: unknown): void => resolve((error as NodeJS.ErrnoException).code ?? 'no permission')
    server.once('error', failed)
    try {
      server.listen(port, host, () => {
        server.off('error', failed)
        resolve(undefined)
      })
    } catch (error) {
      failed(error)
    }
  })
}
