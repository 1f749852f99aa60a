/**
 * What a failure means to a person, and what to do about it. Apart from everything else, so that an
 * application that does not ask for it does not carry it.
 *
 * @module
 */

export { explain, explainFix } from './explain.ts'
export type { Explanation } from './explain.ts'
export { fixCodes } from './fixes.ts'
export type { Fix, FixCode, SetUpCode } from './fixes.ts'
