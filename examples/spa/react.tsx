import { explain } from 'latchkey/explain'
import { StrictMode, useEffect, useState, useSyncExternalStore } from 'react'
import type { ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { api, client } from './client.ts'

function App(): ReactNode {
  // No adapter is needed: a snapshot is the same object until something changes.
  const { status, account, error } = useSyncExternalStore(client.subscribe, client.getSnapshot)
  // A browser that refuses its storage never says who is signed in.
  const isOut = status === 'signed-out' || (status === 'loading' && error !== undefined)
  const [news, setNews] = useState('')

  /** Does it, and shows what came of it. */
  async function attempt(act: () => Promise<string | undefined>): Promise<void> {
    try {
      setNews((await act()) ?? '')
    } catch (error) {
      setNews(explain(error)?.what ?? String(error))
    }
  }

  // Strict mode runs this twice; the callback is handled once.
  useEffect(() => {
    void attempt(async () => ((await client.handleRedirectCallback()) ? 'Came back from the server.' : undefined))
  }, [])

  async function call(): Promise<string> {
    const response = await client.fetch(`${api}/echo`)
    const { account: who } = (await response.json()) as { readonly account: string }
    return `The API knows ${who}.`
  }

  return (
    <>
      <h1>
        Latchkey <small>with React</small>
      </h1>
      <p id="status" role="status" data-status={status}>
        {status === 'signed-in' ? (account?.name ?? account?.subject) : status}
      </p>
      <div className="buttons">
        {status === 'signed-in' && (
          <>
            <Button text="Call the API" act={() => attempt(call)} />
            <Button
              text="Sign out"
              look="plain"
              act={() => attempt(async () => (await client.signOut()) && undefined)}
            />
          </>
        )}
        {isOut && <Button text="Sign in" act={() => attempt(() => client.signIn())} />}
      </div>
      <p aria-live="polite">{news}</p>
    </>
  )
}

interface ButtonProps {
  readonly text: string
  readonly act: () => Promise<void>
  readonly look?: 'go' | 'plain'
}

function Button({ text, act, look = 'go' }: ButtonProps): ReactNode {
  return (
    <button type="button" className={look} onClick={() => void act()}>
      {text}
    </button>
  )
}

const root = document.querySelector('#root')
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
}
