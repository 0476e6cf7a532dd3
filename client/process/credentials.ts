import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { CREDENTIALS_EARLY_MS, CREDENTIALS_TIMEOUT_MS } from '../limits.js'
import type { Clock, Timer } from '../ports.js'

type Given = NonNullable<DynamoDBClientConfig['credentials']>
/** A function that provides AWS credentials, in the form that the AWS SDK defines. */
export type CredentialsProvider = Extract<Given, (...args: never[]) => unknown>
export type Identity = Awaited<ReturnType<CredentialsProvider>>

/** What AWS calls credentials that it does not accept, or does not accept any more. */
const REFUSALS = new Set([
  'ExpiredTokenException',
  'ExpiredToken',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
])

/** The provider gave no credentials. Named as the AWS SDK names it, whatever the provider has thrown. */
class CredentialsError extends Error {
  constructor(cause: unknown) {
    const reason = (cause as { readonly message?: unknown } | undefined)?.message
    super(typeof reason === 'string' ? reason : 'the provider failed without an error', { cause })
    this.name = 'CredentialsProviderError'
  }
}

/**
 * The AWS credentials of a client, for both of its connections. They are asked for when they are needed and again before
 * they expire. A provider that does not answer is given up, so that it bars the client only while it hangs.
 */
export class Credentials {
  private known: Identity | undefined
  private asking: Promise<Identity> | undefined
  private provide: CredentialsProvider
  /** AWS has refused the last ones: a provider that remembers them is to look again. */
  private isRefused = false

  /** `problemOf` says why a provider's answer is no credentials. A provider that has hung is made anew. */
  constructor(
    private readonly makeProvider: () => CredentialsProvider,
    private readonly problemOf: (answer: unknown) => string | undefined,
    private readonly clock: Clock,
  ) {
    this.provide = makeProvider()
  }

  async get(): Promise<Identity> {
    const { known } = this
    if (known !== undefined && this.leftMs(known) > CREDENTIALS_EARLY_MS) return known
    this.asking ??= this.ask()
    if (known === undefined || this.leftMs(known) <= 0) return this.asking
    // Credentials that are still valid are used meanwhile.
    this.asking.catch(() => {})
    return known
  }

  /** A request has failed. If AWS has refused its credentials, the next use asks the provider again. */
  failed(error: unknown): void {
    if (!REFUSALS.has((error as { readonly name?: string } | undefined)?.name ?? '')) return
    this.known = undefined
    this.isRefused = true
  }

  private async ask(): Promise<Identity> {
    let timer: Timer | undefined
    const answering = (async () => this.provide(this.isRefused ? { forceRefresh: true } : {}))()
    const silence = new Promise<never>((_, reject) => {
      const giveUp = () => {
        this.provide = this.makeProvider()
        reject(new Error(`it did not answer within ${CREDENTIALS_TIMEOUT_MS} ms`))
      }
      timer = this.clock.after(CREDENTIALS_TIMEOUT_MS, giveUp, 'background')
    })
    try {
      const answer = await Promise.race([answering, silence])
      const problem = this.problemOf(answer)
      if (problem !== undefined) throw new Error(problem)
      this.isRefused = false
      this.known = answer
      return answer
    } catch (cause) {
      throw new CredentialsError(cause)
    } finally {
      timer?.cancel()
      this.asking = undefined
    }
  }

  private leftMs({ expiration }: Identity): number {
    return expiration === undefined ? Number.POSITIVE_INFINITY : expiration.getTime() - this.clock.wallMs()
  }
}
