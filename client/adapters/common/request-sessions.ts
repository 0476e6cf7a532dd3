import type { RequestOptions, RequestSessionsOptions } from './options.js'
import { RequestSession } from './request-session.js'
import { Shared } from './shared.js'

/** The sessions of the requests of one middleware: made once for it. */
export class RequestSessions {
  private readonly shared: Shared

  constructor(options: RequestSessionsOptions) {
    this.shared = new Shared(options)
  }

  request(options: RequestOptions): RequestSession {
    return new RequestSession(this.shared, options)
  }
}
