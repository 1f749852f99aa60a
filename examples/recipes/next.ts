// The same three lines as `app/auth/[...path]/route.ts` and as `app/api/[...path]/route.ts`.

import { handle } from './handler.ts'

const route = (request: Request): Promise<Response> => handle(request)
export { route as DELETE, route as GET, route as PATCH, route as POST, route as PUT }
