/** Keeps what oidc-provider issues. Its own memory forgets after a thousand entries, which a stress test reaches. */
export function unboundedAdapter(): (model: string) => object {
  const entries = new Map<string, Payload>()
  const only = async (test: (payload: Payload) => boolean): Promise<Payload | undefined> =>
    [...entries.values()].find(test)

  return (model) => ({
    upsert: async (id: string, payload: Payload): Promise<void> => {
      entries.set(`${model}:${id}`, payload)
    },
    find: async (id: string): Promise<Payload | undefined> => entries.get(`${model}:${id}`),
    findByUid: (uid: string) => only((payload) => payload.kind === 'Session' && payload.uid === uid),
    findByUserCode: (code: string) => only((payload) => payload.userCode === code),
    consume: async (id: string): Promise<void> => {
      const payload = entries.get(`${model}:${id}`)
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000)
    },
    destroy: async (id: string): Promise<void> => {
      entries.delete(`${model}:${id}`)
    },
    revokeByGrantId: async (grantId: string): Promise<void> => {
      for (const [key, payload] of entries) if (payload.grantId === grantId) entries.delete(key)
    },
  })
}

interface Payload {
  readonly kind?: string
  readonly uid?: string
  readonly userCode?: string
  readonly grantId?: string
  consumed?: number
}
