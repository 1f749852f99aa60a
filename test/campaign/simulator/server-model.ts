/** What the server does with a refresh token that was used. */
export type ServerRotation = 'none' | 'grace' | 'previous-generation' | 'until-first-use' | 'strict'

/** What a sign-in or a refresh brings. */
export interface Granted {
  readonly accessToken: string
  readonly refreshToken: string
}

interface Issued {
  readonly name: string
  readonly family: Family
  readonly generation: number
  usedAt: number | undefined
  /** The generations that were issued for it. */
  readonly heirs: Issued[]
  closed: boolean
}

interface Family {
  readonly id: number
  newest: number
  revoked: boolean
}

/** What became of one presentation, as the server sees it. */
export type ServerVerdict =
  | { readonly kind: 'granted'; readonly granted: Granted; readonly repeat: boolean }
  | { readonly kind: 'refused'; readonly reuse: boolean }

/** An authorization server that shares no code with anything that it judges. */
export interface ServerModel {
  readonly rotation: ServerRotation
  signIn(): Granted
  present(refreshToken: string, now: number): ServerVerdict
  /** Ends a family, by any refresh token that it ever had. */
  revoke(refreshToken: string): void
  isRevoked(refreshToken: string): boolean
}

export const graceWindow = 60_000

/** Makes the server. Names tell family, generation and serial number: `rt.<family>.<generation>.<serial>`. */
export function serverModel(rotation: ServerRotation, revokesFamilies: boolean): ServerModel {
  const tokens = new Map<string, Issued>()
  let families = 0
  let serial = 0

  function issue(family: Family, generation: number): Issued {
    const name = `rt.${family.id}.${generation}.${++serial}`
    const issued: Issued = { name, family, generation, usedAt: undefined, heirs: [], closed: false }
    family.newest = Math.max(family.newest, generation)
    tokens.set(name, issued)
    return issued
  }

  const grant = ({ name, family, generation }: Issued): Granted => ({
    accessToken: `at.${family.id}.${generation}.${++serial}`,
    refreshToken: name,
  })

  return {
    rotation,
    signIn: () => grant(issue({ id: ++families, newest: 0, revoked: false }, 0)),
    present(name, now) {
      const token = tokens.get(name)
      if (token === undefined || token.family.revoked) return { kind: 'refused', reuse: false }
      if (!passes[rotation](token, now)) {
        token.family.revoked = revokesFamilies
        return { kind: 'refused', reuse: true }
      }
      const repeat = token.usedAt !== undefined
      token.usedAt ??= now
      if (rotation === 'none') return { kind: 'granted', granted: grant(token), repeat }
      // Its first use ends what came before it; showing it again ends what came of it.
      if (rotation === 'until-first-use') for (const heir of token.heirs) heir.closed = true
      const next = issue(token.family, token.generation + 1)
      if (rotation === 'until-first-use') closeOlder(tokens, token)
      token.heirs.push(next)
      return { kind: 'granted', granted: grant(next), repeat }
    },
    revoke(name) {
      const token = tokens.get(name)
      if (token !== undefined) token.family.revoked = true
    },
    isRevoked: (name) => tokens.get(name)?.family.revoked ?? true,
  }
}

const passes: Readonly<Record<ServerRotation, (token: Issued, now: number) => boolean>> = {
  none: () => true,
  grace: ({ usedAt }, now) => usedAt === undefined || now - usedAt <= graceWindow,
  'previous-generation': ({ family, generation }) => family.newest - generation <= 1,
  'until-first-use': ({ closed }) => !closed,
  strict: ({ usedAt }) => usedAt === undefined,
}

function closeOlder(tokens: ReadonlyMap<string, Issued>, used: Issued): void {
  for (const token of tokens.values()) {
    if (token.family === used.family && token.generation < used.generation) token.closed = true
  }
}

/** Which sign-in a token of this server comes from, and how many refreshes lie before it. */
export function lineage(token: string): {
  readonly family: number
  readonly generation: number
  readonly serial: number
} {
  const [, family = '0', generation = '0', serial = '0'] = token.split('.')
  return { family: Number(family), generation: Number(generation), serial: Number(serial) }
}
