import type { ProviderMode } from './messages.js'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly expiration: Date
}

/** So short that the provider is asked for each request, and each connection. */
const LIFE_MS = 2_000

/** The reasons with which promises of providers reject, in turns: the last ones are no errors. */
const FAILURES: readonly unknown[] = [
  new Error('the metadata service has failed'),
  Object.assign(new Error('no credentials at the moment'), { name: 'CredentialsProviderError' }),
  Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' }),
  undefined,
  null,
  'no credentials',
]

/** A provider of credentials that hangs or fails while it is told to. A call that hangs never ends. */
export class Provider {
  /** The calls that hung or failed in the present mode. */
  private struck = 0
  private mode: ProviderMode = 'answers'
  private failures = 0

  constructor(private readonly credentials: Omit<Credentials, 'expiration'>) {}

  /** Returns how many calls hung or failed in the mode before. */
  become(mode: ProviderMode): number {
    const { struck } = this
    this.mode = mode
    this.struck = 0
    return struck
  }

  readonly provide = (): Promise<Credentials> => {
    if (this.mode === 'answers') {
      return Promise.resolve({ ...this.credentials, expiration: new Date(Date.now() + LIFE_MS) })
    }
    this.struck += 1
    if (this.mode === 'hangs') return new Promise(() => {})
    this.failures += 1
    return Promise.reject(FAILURES[this.failures % FAILURES.length])
  }
}
