// The Worker beside which the tests run. They need its isolate, and its object for their bindings.

export { TokenVault } from '../../src/stores/durable-object.ts'

// oxlint-disable-next-line import/no-default-export -- Workers are found by their default export.
export default {
  fetch: (): Response => new Response('latchkey'),
}
