import type { OutgoingHttpHeader, ServerResponse } from 'node:http'

/**
 * The response that express-session sees instead of the request's own. Its cookie goes to the real one; its end saves the
 * session, and sends nothing. That leaves the real response to its holder.
 */
export class SeenResponse {
  /** express-session asks for it before it writes: there is nothing to write here. */
  readonly _header = 'held'
  private ended: () => void = () => {}

  constructor(private readonly res: Partial<ServerResponse>) {}

  get statusCode(): number {
    return this.res.statusCode ?? 0
  }

  /** The package on-headers, which express-session uses, sets the status here before it calls its listeners. */
  set statusCode(status: number) {
    this.res.statusCode = status
  }

  getHeader(name: string): OutgoingHttpHeader | undefined {
    return this.res.getHeader?.(name)
  }

  setHeader(name: string, value: OutgoingHttpHeader): this {
    this.res.setHeader?.(name, value)
    return this
  }

  appendHeader(name: string, value: string | string[]): this {
    this.res.appendHeader?.(name, value)
    return this
  }

  removeHeader(name: string): void {
    this.res.removeHeader?.(name)
  }

  /** express-session wraps it, and adds its cookie before. */
  writeHead(..._args: unknown[]): void {}

  write(): boolean {
    return true
  }

  /** express-session wraps it, and calls it when the session is saved, or has failed to. */
  end(): void {
    this.ended()
  }

  /** Lets express-session save, touch or destroy the session, as its options say. */
  save(ended: () => void): void {
    this.ended = ended
    this.end()
  }
}
