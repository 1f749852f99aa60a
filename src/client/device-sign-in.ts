import { loaded } from '../core/loaded.ts'
import type { Parties } from '../core/call.ts'
import { untilAborted } from '../core/wait.ts'
import type { DeviceOptions, DeviceSignIn } from './client.ts'
import { readScopes } from './options.ts'
import { checkKinds, ownOptions } from './own-options.ts'
import { settleGrant } from './settle-grant.ts'
import type { SignInParts } from './settle-grant.ts'

/** Begins a sign-in on another device, which `wait` finishes. */
export async function deviceSignIn(parts: SignInParts, options: DeviceOptions): Promise<DeviceSignIn> {
  const { config, connection } = parts
  checkKinds(options, { scopes: 'strings', resource: 'string' })
  const scopes = options.scopes === undefined ? config.scopes : readScopes(options.scopes)
  const resource = options.resource ?? config.resource
  const proofKey = await connection.newProofKey(config.store)
  const identity = { clientId: config.clientId, ...(proofKey !== undefined && { proofKey }) }
  const parties: Parties = await connection.parties(identity)
  const { authorizeDevice, pollDevice } = await loaded(import('../core/optional.ts'), config.world)
  const authorization = await authorizeDevice(parties, { scopes, ...(resource !== undefined && { resource }) })
  const { userCode, verificationUri, verificationUriComplete, expiresAt } = authorization
  return {
    userCode,
    verificationUri,
    ...(verificationUriComplete !== undefined && { verificationUriComplete }),
    expiresAt,
    async wait(wishes) {
      const { signal } = ownOptions('wait', wishes)
      const asked = pollDevice(parties, authorization, { scopes, ...(signal && { signal }) })
      const settled = asked.then((grant) => settleGrant(parts, { ...grant, ...identity }, scopes))
      return untilAborted(settled, signal)
    },
  }
}
