/** What the person must know. */
export interface InvitationDetails {
  /** The provider's name. */
  readonly name: string
  /** Where to go; the second one's answer is to be pasted, while the first one's comes back by itself. */
  readonly addresses: readonly URL[]
  /** What can be pasted, if anything can. */
  readonly paste?: 'page' | 'address'
}

const pasteHints = {
  page: 'Paste what the page shows.',
  address: 'If that browser runs on another machine, paste the address it ends at.',
} as const

const introductions = [
  'open this address in your browser:',
  'Or, if that browser runs on another machine, open this one:',
]

/** What is printed when a sign-in begins. Each address stands alone on its line, so that it can be copied. */
export function invitation({ name, addresses, paste }: InvitationDetails): string {
  const steps = addresses.map(({ href }, n) => `${introductions[n] ?? ''}\n\n${href}\n\n`)
  const hint = paste ? `${pasteHints[paste]} Never paste what somebody else sent you.\n` : ''
  return `To sign in to ${name}, ${steps.join('')}${hint}`
}
