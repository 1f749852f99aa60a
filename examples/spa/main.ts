import { explain } from 'latchkey/explain'
import { api, client } from './client.ts'
import { log } from './log.ts'

client.subscribe(show)
show()

await attempt(async () => {
  const result = await client.handleRedirectCallback()
  if (result !== undefined) log('came back from the server')
})
// The redirect URI is no place to stay at.
if (location.pathname === '/callback') history.replaceState(undefined, '', '/')

// What a click does. A window must be opened before anything is waited for, so nothing is.
onClick('redirect', () => client.signIn({ appState: { from: location.pathname } }))
onClick('popup', () => client.signIn({ via: 'popup', redirectUri: `${location.origin}/popup` }))
onClick('refresh', () => client.getToken({ forceRefresh: true }))
onClick('call', call)
onClick('stream', stream)
onClick('sign-out', () => client.signOut())
onClick('everywhere', () => client.signOut({ endSession: true, postLogoutRedirectUri: `${location.origin}/callback` }))

async function call(): Promise<void> {
  const response = await client.fetch(`${api}/echo`)
  const { account, scopes } = (await response.json()) as {
    readonly account: string
    readonly scopes: readonly string[]
  }
  log(`the API knows ${account}, who may ${scopes.join(', ')}`)
}

async function stream(): Promise<void> {
  const response = await client.fetch(`${api}/stream?count=5&interval=300`)
  const decoder = new TextDecoder()
  const reader = response.body?.getReader()
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    for (const [, number] of decoder.decode(part.value).matchAll(/^data: .*?(\d+)/gm)) log(`streamed ${number} of 5`)
  }
}

function show(): void {
  const { status, account, expiresAt, error } = client.getSnapshot()
  const good =
    expiresAt === undefined
      ? ''
      : `, token good until ${new Date(expiresAt).toLocaleTimeString(undefined, { timeStyle: 'short' })}`
  const texts = {
    loading: 'One moment…',
    'signed-out': 'Signed out',
    'signed-in': `${account?.name ?? account?.subject ?? 'Somebody'}${good}`,
  }
  const line = document.querySelector<HTMLElement>('#status')
  if (line !== null) {
    line.textContent = error === undefined ? texts[status] : `${texts[status]} (${error})`
    line.dataset['status'] = status
  }
  // A browser that refuses its storage never says who is signed in; whoever signs in then is so until they reload.
  const shown = status === 'loading' && error !== undefined ? 'signed-out' : status
  for (const name of ['signed-in', 'signed-out'])
    document.querySelector(`#${name}`)?.toggleAttribute('hidden', name !== shown)
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
