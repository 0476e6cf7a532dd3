import type { IncomingMessage } from 'node:http'

/** The body of a request or response. Undefined where it is larger than the limit: the rest is read and discarded. */
export function readBody(message: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    message.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= bytesMax) chunks.push(chunk)
    })
    message.on('end', () =>
      resolve(bytes > bytesMax ? undefined : chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)),
    )
    message.on('error', reject)
    // If the sender goes away in the middle, the stream closes without the event `end`.
    message.on('close', () => reject(new Error('the sender went away')))
  })
}
