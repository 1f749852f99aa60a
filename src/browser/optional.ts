/**
 * What not every page needs: loaded when it is first asked for.
 *
 * @module
 */

export { logoutUrl } from './logout-url.ts'
export { signInByPopup } from './sign-in-by-popup.ts'
