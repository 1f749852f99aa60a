/** Tells the person what happened; a failure in words of their own. */
export function log(text: string, kind: 'news' | 'failure' = 'news'): void {
  const line = document.createElement('li')
  line.dataset['kind'] = kind
  const time = document.createElement('time')
  time.textContent = new Date().toLocaleTimeString(undefined, { hour12: false })
  const what = document.createElement('span')
  what.textContent = text
  line.append(time, what)
  document.querySelector('#log')?.prepend(line)
}
