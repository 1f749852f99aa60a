import { onScopeDispose, shallowRef } from 'vue'
import type { ShallowRef } from 'vue'
import type { Snapshot } from 'latchkey'
import { client } from './client.ts'

/** In a component: `const session = useSession()`, and `{{ session.account?.name }}` in its template. */
export function useSession(): ShallowRef<Snapshot> {
  const session = shallowRef(client.getSnapshot())
  onScopeDispose(
    client.subscribe(() => {
      session.value = client.getSnapshot()
    }),
  )
  return session
}
