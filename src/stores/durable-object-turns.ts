/** Who may write next, among those who keep overtaking each other. Good manners only: nobody is kept from writing. */
export interface VaultTurns {
  /** Resolves when it is this one's turn. */
  wait(turn: string): Promise<void>
  end(turn: string): void
}

/** For how long somebody who says nothing is waited for, in milliseconds. */
const patience = 1000

/** Makes a queue of turns, in the object's memory. */
export function vaultTurns(): VaultTurns {
  const waiting: { readonly turn: string; readonly go: () => void }[] = []
  let current: string | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  function begin(turn: string): void {
    current = turn
    timer = setTimeout(() => end(turn), patience)
  }

  function end(turn: string): void {
    if (turn !== current) return
    clearTimeout(timer)
    current = undefined
    const next = waiting.shift()
    if (next === undefined) return
    begin(next.turn)
    next.go()
  }

  return {
    wait: (turn) => {
      if (current === undefined) begin(turn)
      if (current === turn) return Promise.resolve()
      return new Promise((go) => {
        waiting.push({ turn, go })
      })
    },
    end,
  }
}
