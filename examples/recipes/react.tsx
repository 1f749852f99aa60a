import { useEffect, useSyncExternalStore } from 'react'
import type { JSX } from 'react'
import { client } from './client.ts'

export function Session(): JSX.Element {
  // Server rendering shows the third argument, and pages take over from there.
  const { status, account, error } = useSyncExternalStore(client.subscribe, client.getSnapshot, client.getSnapshot)

  // Strict mode runs this twice; the code is used once.
  useEffect(() => void client.handleRedirectCallback().catch(console.error), [])

  // A browser that refuses its storage never says who is signed in.
  if (status === 'loading' && error === undefined) return <p>One moment…</p>
  if (status !== 'signed-in') return <button onClick={() => void client.signIn()}>Sign in</button>
  return <button onClick={() => void client.signOut()}>Sign out {account?.name}</button>
}
