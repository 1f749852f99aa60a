// @ts-check

/**
 * @template {HTMLElement} [E=HTMLElement]
 * @param {string} id
 * @returns {E}
 */
const part = (id) => /** @type {E} */ (document.getElementById(id))

// Another site's page cannot send this header, so its requests are not taken for ours.
const headers = { 'latchkey-csrf': '1' }

part('form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const text = /** @type {HTMLInputElement} */ (part('text'))
  const message = text.value
  text.value = ''
  say('you', message)
  await chat(message, say('them', ''))
})

part('leave').addEventListener('click', async () => {
  await fetch('/auth/logout', { method: 'POST', headers })
  await show()
})

await show()

/** Asks who is signed in, and shows what they can do. */
async function show() {
  const response = await fetch('/auth/session', { headers })
  const { signedIn, account } = response.ok ? await response.json() : { signedIn: false }
  part('who').textContent = signedIn ? (account?.name ?? 'Signed in') : 'Signed out'
  part('welcome').hidden = signedIn
  part('chat').hidden = !signedIn
  part('leave').hidden = !signedIn
}

/**
 * Asks the API, and writes its answer as it comes.
 *
 * @param {string} message
 * @param {HTMLElement} line
 */
async function chat(message, line) {
  const body = JSON.stringify({ message })
  const response = await fetch('/api/v1/chat', {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body,
  })
  if (response.status === 401) return show()
  if (!response.ok || response.body === null) {
    line.textContent = `That did not work (${response.status}).`
    return
  }
  const events = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (let next = await events.read(); !next.done; next = await events.read()) {
    const lines = (rest + next.value).split('\n')
    rest = lines.pop() ?? ''
    for (const event of lines) if (event.startsWith('data: ')) line.textContent += JSON.parse(event.slice(6)).text
  }
}

/**
 * @param {'you' | 'them'} who
 * @param {string} text
 */
function say(who, text) {
  const line = document.createElement('li')
  line.className = who
  line.textContent = text
  part('messages').append(line)
  line.scrollIntoView({ block: 'end' })
  return line
}
