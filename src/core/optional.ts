/**
 * What not every client speaks, and oauth4webapi and jose with it: loaded when it is first needed.
 *
 * One file for all of it, because what two parts share is a file more that every page would wait for.
 *
 * @module
 */

export { authorizeDevice, pollDevice } from './device.ts'
export { fetchServer } from './discovery.ts'
export { proveIdToken } from './id-token.ts'
export { push } from './push.ts'
export { userInfo } from './user-info.ts'
export { keysAtHand } from './verify-signature.ts'
