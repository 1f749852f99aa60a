import { createVaultClient } from 'latchkey/browser/vault'
import { explain } from 'latchkey/explain'
import { log } from './log.ts'

/** Put in by `dev.ts`. */
declare const API: string

const client = createVaultClient({
  worker: () => new SharedWorker(new URL('./vault-worker.ts', import.meta.url), { type: 'module' }),
  onEvent: (event) => log(event.type),
})

client.subscribe(show)
show()
await attempt(() => client.handleRedirectCallback())

onClick('sign-in', () => client.signIn())
onClick('sign-out', () => client.signOut())
onClick('call', async () => {
  const { account } = (await (await client.fetch(`${API}/echo`)).json()) as { readonly account: string }
  log(`the API knows ${account}`)
})
onClick('look', async () => log(`the token is ${JSON.stringify(await client.getToken())}`))

function show(): void {
  const { status, account } = client.getSnapshot()
  const line = document.querySelector<HTMLElement>('#status')
  if (line === null) return
  line.textContent = account?.name ?? status
  line.dataset['status'] = status
}

function onClick(id: string, act: () => Promise<unknown>): void {
  document.querySelector(`#${id}`)?.addEventListener('click', () => void attempt(act))
}

async function attempt(act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (error) {
    log(explain(error)?.what ?? String(error), 'failure')
  }
}
