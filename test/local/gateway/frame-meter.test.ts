import { FrameMeter } from '../../../local/gateway/frame-meter.js'

const LIMIT = 1_000
const TEXT = 0x81
const CONTINUATION = 0x80
const PING = 0x89

/** A frame as it stands on the wire, with a payload that looks like a header itself. */
function frame(first: number, bytes: number, isMasked: boolean): Buffer {
  const mask = isMasked ? 0x80 : 0
  const length =
    bytes < 126
      ? Buffer.from([mask | bytes])
      : bytes < 65_536
        ? Buffer.from([mask | 126, bytes >> 8, bytes & 0xff])
        : Buffer.concat([Buffer.from([mask | 127, 0, 0, 0, 0]), Buffer.from(Uint32Array.of(bytes).buffer).reverse()])
  return Buffer.concat([Buffer.from([first]), length, Buffer.alloc(isMasked ? 4 : 0, 0xff), Buffer.alloc(bytes, 0x82)])
}

describe('the frame meter', () => {
  const stream = Buffer.concat([
    frame(TEXT, 0, true),
    frame(TEXT, 125, true),
    frame(TEXT, LIMIT, false),
    frame(TEXT, LIMIT + 1, true),
    frame(PING, 125, true),
    frame(CONTINUATION, 70_000, true),
    frame(TEXT, 126, false),
    frame(TEXT, LIMIT + 1, false),
  ])

  test.each([1, 2, 3, 7, 1_024, stream.length])(
    'counts the frames over its limit in pieces of %i bytes',
    (pieceBytes) => {
      let tooLarge = 0
      const meter = new FrameMeter(LIMIT, () => {
        tooLarge += 1
      })
      for (let at = 0; at < stream.length; at += pieceBytes) meter.push(stream.subarray(at, at + pieceBytes))
      expect(tooLarge).toBe(3)
    },
  )
})
