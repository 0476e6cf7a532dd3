import type { WebSocket } from 'ws'
import type { Random } from '../support/random.js'
import type { RawClient } from './raw-client.js'

/** The largest frame that the gateway takes. */
export const FRAME_BYTES = 32 * 1024

/** One message in frames of the size that the gateway takes. */
export function inFrames(socket: WebSocket, data: Buffer): void {
  for (let at = 0; at < data.length; at += FRAME_BYTES) {
    socket.send(data.subarray(at, at + FRAME_BYTES), { binary: false, fin: at + FRAME_BYTES >= data.length })
  }
}

/**
 * A lie about what others hold, or bytes that were one. None of them asks for a lock, however damaged, for whoever asks
 * may wait and be granted. It is UTF-8, or it would not arrive.
 */
export function lie(random: Random, sessions: readonly string[], other: RawClient): string {
  const session = random.pick(sessions)
  const epoch = random.pick([1, Date.now(), 2 ** 52, random.integer(1, 1_000)])
  const { processId, secret } = other
  const wrongSecret = `${secret.slice(1)}${secret.slice(0, 1)}`
  const message = random.pick<object>([
    { type: 'release', session, epoch, r: 1 },
    { type: 'busy', session, epoch },
    { type: 'keep', session, epoch },
    { type: 'cancel', session, r: random.integer(1, 9) },
    { type: 'renew', n: random.integer(1, 9) },
    { type: 'acquire', session, r: 0, above: null },
    { type: 'hello', v: 1, processId, secret: wrongSecret, label: '', gen: random.integer(1, 9) },
  ])
  const text = JSON.stringify(message)
  if (random.chance(0.6)) return text
  const bytes = Buffer.from(text)
  const at = random.integer(1, bytes.length - 1)
  const some = Buffer.from(Array.from({ length: random.integer(0, 4) }, () => random.integer(0, 255)))
  return Buffer.concat([bytes.subarray(0, at), some, bytes.subarray(at + 1)]).toString()
}
