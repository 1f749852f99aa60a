const misuses = new WeakSet<object>()

/** A mistake of the person who typed the command: exit code 2. `message` says what to type instead. */
export function misuse(message: string): Error {
  const error = new Error(message)
  misuses.add(error)
  return error
}

/** Whether `error` came from `misuse`. */
export function isMisuse(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && misuses.has(error)
}
