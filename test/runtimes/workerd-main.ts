// The Worker beside which the tests run. They need its isolate, not its answers.

// oxlint-disable-next-line import/no-default-export -- Workers are found by their default export.
export default {
  fetch: (): Response => new Response('latchkey'),
}
