import { useEffect, useSyncExternalStore } from 'react'
import type { JSX } from 'react'
import { client } from './client.ts'

export function Session(): JSX.Element {
  // Server rendering shows the third argument, and pages take over from there.
  const { status, account } = useSyncExternalStore(client.subscribe, client.getSnapshot, client.getSnapshot)

  // Strict mode runs this twice; the code is used once.
  useEffect(() => void client.handleRedirectCallback().catch(console.error), [])

  if (status === 'loading') return <p>One moment…</p>
  if (status === 'signed-out') return <button onClick={() => void client.signIn()}>Sign in</button>
  return <button onClick={() => void client.signOut()}>Sign out {account?.name}</button>
}
