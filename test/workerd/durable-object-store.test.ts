import { durableObjectStore } from '../../src/stores/durable-object.ts'
import { storeContract } from '../contracts/store.ts'
import { VAULT } from './bindings.ts'

let stores = 0

for (const [name, options] of Object.entries({
  'Durable Objects': {},
  'Durable Objects, sealed': { key: new Uint8Array(32) },
})) {
  storeContract(
    name,
    async () => {
      const prefix = `contract ${stores++}`
      const open = (): ReturnType<typeof durableObjectStore> => durableObjectStore(VAULT, { ...options, prefix })
      return { store: open(), again: async () => open(), destroy: async () => undefined }
    },
    { watches: false, increments: name.includes('sealed') ? 40 : 100 },
  )
}
