/** Two bytes, up to eight of an extended length, and four of the mask. */
const HEADER_BYTES_MAX = 14
/** Continuation, text and binary; the rest are control frames, which are small by definition. */
const DATA_OPCODES = new Set([0, 1, 2])

/**
 * Follows the frames in a client's byte stream (RFC 6455, 5.2) and reports each data frame that is too large. The
 * library that parses the stream limits only messages, and API Gateway limits frames too.
 */
export class FrameMeter {
  private readonly header = Buffer.alloc(HEADER_BYTES_MAX)
  private headerBytes = 0
  private payloadBytesLeft = 0

  constructor(
    private readonly bytesMax: number,
    private readonly onTooLarge: () => void,
  ) {}

  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.payloadBytesLeft > 0) {
        const skipped = Math.min(this.payloadBytesLeft, chunk.length - at)
        this.payloadBytesLeft -= skipped
        at += skipped
        continue
      }
      this.header[this.headerBytes] = chunk[at] ?? 0
      this.headerBytes += 1
      at += 1
      if (this.headerBytes === this.headerBytesNeeded()) this.frameBegins()
    }
  }

  private headerBytesNeeded(): number {
    if (this.headerBytes < 2) return 2
    const second = this.header[1] ?? 0
    const lengthBytes = { 126: 2, 127: 8 }[second & 0x7f] ?? 0
    const maskBytes = (second & 0x80) === 0 ? 0 : 4
    return 2 + lengthBytes + maskBytes
  }

  private frameBegins(): void {
    const length = (this.header[1] ?? 0) & 0x7f
    const payloadBytes =
      length === 127 ? Number(this.header.readBigUInt64BE(2)) : length === 126 ? this.header.readUInt16BE(2) : length
    this.headerBytes = 0
    this.payloadBytesLeft = payloadBytes
    const opcode = (this.header[0] ?? 0) & 0x0f
    if (DATA_OPCODES.has(opcode) && payloadBytes > this.bytesMax) this.onTooLarge()
  }
}
