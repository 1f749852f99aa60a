declare module 'proper-lockfile' {
  export function lock(
    file: string,
    options: {
      readonly realpath: boolean
      readonly stale: number
      readonly retries: object
      readonly onCompromised: (error: Error) => void
    },
  ): Promise<() => Promise<void>>
}
