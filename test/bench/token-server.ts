// A token endpoint and an API in a process of their own, so that they share no thread with what is measured.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'

const answer = JSON.stringify({
  access_token: `a.${'c29tZS1jbGFpbXM'.repeat(30)}.c`,
  token_type: 'Bearer',
  expires_in: 3600,
  refresh_token: 'r'.repeat(64),
  scope: 'read write',
})

const delay = Number(process.argv[2] ?? 0)
let requests = 0

const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    if (request.url === '/count') return void response.end(JSON.stringify(requests))
    requests++
    response.setHeader('content-type', 'application/json')
    setTimeout(() => response.end(answer), delay)
  })
})
if (delay === 0) {
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    request.resume()
    response.setHeader('content-type', 'application/json')
    response.end(answer)
  })
}
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
