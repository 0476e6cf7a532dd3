/* oxlint-disable unicorn/no-thenable -- a promise has one */

/**
 * A call whose failure is no unhandled rejection, which would end the process with everything that it holds: the
 * invocation reports it, unless somebody has asked for the outcome.
 */
export class Call<T> extends Promise<T> {
  isAwaited = false

  /** What `then` and the like make of it is a promise as any other. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  static of<T>(outcome: Promise<T>): Call<T> {
    const call = new Call<T>((resolve, reject) => void outcome.then(resolve, reject))
    void Promise.prototype.then.call(call, undefined, () => {})
    return call
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise
  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isAwaited = true
    return super.then(fulfilled, rejected)
  }
}
