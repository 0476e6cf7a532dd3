import type { OutgoingHttpHeader, ServerResponse } from 'node:http'

/** The status of a response whose error handler sets none. */
const FAILED_STATUS = 500

/** The headers of a response before its handler saw it: those that other middleware sets for every response. */
export class HeadersBefore {
  private readonly headers: ReadonlyMap<string, OutgoingHttpHeader>
  private readonly sendDate: boolean

  constructor(private readonly res: ServerResponse) {
    this.sendDate = res.sendDate
    this.headers = new Map(
      res.getHeaderNames().map((name) => [name, copied(res.getHeader(name) as OutgoingHttpHeader)] as const),
    )
  }

  /** Takes everything else off the response, and every cookie. Its status is an error's. */
  restore(): void {
    const { headers, res } = this
    for (const name of res.getHeaderNames()) if (!headers.has(name)) res.removeHeader(name)
    for (const [name, value] of headers) if (res.getHeader(name) !== value) res.setHeader(name, copied(value))
    res.removeHeader('set-cookie')
    res.sendDate = this.sendDate
    res.statusCode = FAILED_STATUS
    res.statusMessage = ''
  }
}

const copied = (value: OutgoingHttpHeader): OutgoingHttpHeader => (Array.isArray(value) ? [...value] : value)
