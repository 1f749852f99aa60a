import { Hono } from 'hono'
import { handle } from './handler.ts'

export const app: Hono = new Hono()

app.on(['GET', 'POST'], '/auth/*', (context) => handle(context.req.raw))
app.all('/api/*', (context) => handle(context.req.raw))
app.get('/', (context) => context.html('<a href="/auth/login?returnTo=/">Sign in</a>'))
