// A Hono app, for wherever Hono runs. In a Worker say `handle(context.req.raw, context.executionCtx)`: without it, a
// caller who leaves ends the refresh that their request began, and its answer is lost.

import { Hono } from 'hono'
import { handle } from './handler.ts'

export const app: Hono = new Hono()

app.on(['GET', 'POST'], '/auth/*', (context) => handle(context.req.raw))
app.all('/api/*', (context) => handle(context.req.raw))
app.get('/', (context) => context.text('Your own pages'))
