// The application as somebody would write it with React, whose strict mode runs each effect twice.

import { createElement, StrictMode, useEffect, useState, useSyncExternalStore } from 'react'
import type { ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import './app.ts'
import type { App } from './app.ts'

declare const app: App

/** How often the effect ran. */
export interface ReactPage {
  effects: number
  renders: number
}

const page: ReactPage = { effects: 0, renders: 0 }
Object.assign(globalThis, { reactPage: page })

function Session(): ReactNode {
  const { status, account } = useSyncExternalStore(app.client.subscribe, app.client.getSnapshot)
  const [returnTo, setReturnTo] = useState('')
  page.renders += 1
  useEffect(() => {
    page.effects += 1
    void app.client
      .handleRedirectCallback()
      .then((result) => result && setReturnTo((result.appState as { readonly returnTo: string }).returnTo))
  }, [])
  return createElement('p', { id: 'session' }, [status, account?.subject, returnTo].join(' '))
}

const root = document.createElement('div')
document.body.append(root)
createRoot(root).render(createElement(StrictMode, undefined, createElement(Session)))
