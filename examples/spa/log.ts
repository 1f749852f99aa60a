/** Tells the person what happened. */
export function log(text: string): void {
  const line = document.createElement('li')
  const time = document.createElement('time')
  time.textContent = new Date().toLocaleTimeString()
  line.append(time, ` ${text}`)
  document.querySelector('#log')?.prepend(line)
}
