/** Vite's way to import many files. Its own declaration is not exported. */
interface ImportMeta {
  glob<T>(patterns: readonly string[]): Record<string, () => Promise<T>>
}
