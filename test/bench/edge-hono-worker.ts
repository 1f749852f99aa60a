// Hono with its proxy helper, as its documentation shows it: no session, one token for all.

import { Hono } from 'hono'
import { proxy } from 'hono/proxy'
import { accessToken } from './stub-client.ts'

const app = new Hono<{ Bindings: { readonly UPSTREAM: string } }>()

app.all('/up/*', (context) => {
  const { search, pathname } = new URL(context.req.url)
  return proxy(`${context.env.UPSTREAM}${pathname.slice('/up'.length)}${search}`, {
    ...context.req,
    headers: { ...context.req.header(), cookie: undefined, authorization: `Bearer ${accessToken}` },
  })
})

// oxlint-disable-next-line import/no-default-export -- Workers are found by their default export.
export default app
