import { basename } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Metafile, OutputFile } from 'esbuild'
import { bundle } from './bundle.ts'
import type { Job } from './jobs.ts'

/** What something weighs, in bytes. */
export interface Weight {
  readonly minified: number
  readonly gzip: number
  readonly brotli: number
}

/** One file that a bundler made. */
export interface Chunk extends Weight {
  readonly name: string
  /** The source files behind an `import()` that lead to it; none where it is loaded at once. */
  readonly lazy: readonly string[]
  readonly loaded: boolean
  /** Bytes by source file. */
  readonly inputs: Readonly<Record<string, number>>
}

/** A job's weight, in the files that a bundler splits it into, and in one file with everything in it. */
export interface Measured {
  readonly job: Job
  readonly chunks: readonly Chunk[]
  readonly loaded: Weight
  readonly whole: Weight
}

/** Bundles a job as its author would, and weighs it. */
export async function measure(job: Job): Promise<Measured> {
  const [split, whole] = [await bundle(job, true), await bundle(job, false)]
  const weight = sum(whole.outputFiles.map(({ contents }) => weigh(contents)))
  if (job.loads === undefined) {
    const chunks = chunksOf(job, whole.metafile, whole.outputFiles)
    return { job, chunks, loaded: weight, whole: weight }
  }
  const chunks = chunksOf(job, split.metafile, split.outputFiles)
  return { job, chunks, loaded: sum(chunks.filter(({ loaded }) => loaded)), whole: weight }
}

function chunksOf(job: Job, { outputs }: Metafile, files: readonly OutputFile[]): readonly Chunk[] {
  const entry = Object.keys(outputs).find((path) => outputs[path]?.entryPoint?.endsWith(`jobs/${job.file}`)) ?? ''
  const atOnce = reach(outputs, entry)
  const lazy = Object.values(outputs).flatMap(({ entryPoint = '' }) =>
    entryPoint.includes('jobs/') ? [] : entryPoint || [],
  )
  const ways = new Map(lazy.map((source) => [source, reach(outputs, entryOf(outputs, source))]))
  return Object.entries(outputs).map(([path, { inputs }]) => {
    const leading = atOnce.has(path) ? [] : lazy.filter((source) => ways.get(source)?.has(path))
    return {
      ...weigh(files.find((file) => file.path.endsWith(`/${path}`))?.contents ?? new Uint8Array()),
      name: basename(path),
      lazy: leading,
      loaded: atOnce.has(path) || leading.some((source) => job.loads?.includes(source) === true),
      inputs: Object.fromEntries(Object.entries(inputs).map(([source, { bytesInOutput }]) => [source, bytesInOutput])),
    }
  })
}

function entryOf(outputs: Metafile['outputs'], source: string): string {
  return Object.keys(outputs).find((path) => outputs[path]?.entryPoint === source) ?? ''
}

/** The files that are loaded with a file, itself included. */
function reach(outputs: Metafile['outputs'], path: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(path)) return seen
  seen.add(path)
  for (const { path: next, kind } of outputs[path]?.imports ?? []) {
    if (kind === 'import-statement' && outputs[next] !== undefined) reach(outputs, next, seen)
  }
  return seen
}

export function weigh(contents: Uint8Array): Weight {
  return {
    minified: contents.length,
    gzip: gzipSync(contents, { level: 9 }).length,
    brotli: brotliCompressSync(contents).length,
  }
}

function sum(weights: readonly Weight[]): Weight {
  return weights.reduce((a, b) => ({
    minified: a.minified + b.minified,
    gzip: a.gzip + b.gzip,
    brotli: a.brotli + b.brotli,
  }))
}
