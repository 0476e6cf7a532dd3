import type { IncomingMessage } from 'node:http'

/** The body of a request or response, or undefined where it is larger: then the rest is read and thrown away. */
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
    // A sender that goes away in the middle ends the stream without an end.
    message.on('close', () => reject(new Error('the sender went away')))
  })
}
