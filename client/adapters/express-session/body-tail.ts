import { bytesOf, type Piece } from './node-response.js'

/**
 * Keeps back the last byte of a body with a Content-Length. A client takes the body for complete as soon as it has that
 * byte, whether or not the response has ended.
 */
export class BodyTail {
  /** How many bytes may still go out. */
  private free: number

  constructor(contentLength: number) {
    this.free = contentLength - 1
  }

  /** Splits what is written now into the part that may be sent, and the part that must wait for the end. */
  split(piece: Piece): { readonly now: Piece | undefined; readonly later: Buffer | undefined } {
    const length =
      typeof piece.chunk === 'string'
        ? Buffer.byteLength(piece.chunk, piece.encoding)
        : (piece.chunk as Uint8Array).length
    if (length <= this.free) {
      this.free -= length
      return { now: piece, later: undefined }
    }
    const bytes = bytesOf(piece)
    const { free } = this
    this.free = 0
    const now = free === 0 ? undefined : { ...piece, chunk: bytes.subarray(0, free), encoding: undefined }
    return { now, later: bytes.subarray(free) }
  }
}
