import { Readable } from 'node:stream'

/** A body of `size` bytes, made while it is read. */
export function readableBytes(size: number): Readable {
  const chunk = Buffer.alloc(64 * 1024, 121)
  let left = size
  return new Readable({
    read() {
      if (left <= 0) return void this.push(null)
      left -= chunk.length
      this.push(chunk)
    },
  })
}
