/** A request that is answered with an error (RFC 6749, section 5.2). */
export interface Refusal {
  readonly status: number
  readonly error: string
  readonly description: string
  readonly headers?: Readonly<Record<string, string>>
}

const refusals = new WeakMap<object, Refusal>()

/** Ends the handling of a request with an error of the protocol. */
export function refuse(error: string, description: string, more: Partial<Refusal> = {}): never {
  const thrown = new Error(`${error}: ${description}`)
  refusals.set(thrown, { status: 400, error, description, ...more })
  throw thrown
}

/** The refusal that was thrown; `undefined` when `thrown` is something else. */
export function refusalOf(thrown: unknown): Refusal | undefined {
  return typeof thrown === 'object' && thrown !== null ? refusals.get(thrown) : undefined
}
