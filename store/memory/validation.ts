/**
 * DynamoDB's answer to a request that is wrong in itself: nothing was changed. It has the SDK's name and form, so that
 * callers who sort errors treat it as the real one.
 */
export class ValidationException extends Error {
  readonly $fault = 'client'
  readonly $metadata = { httpStatusCode: 400 }

  constructor(problem: string) {
    super(problem)
    this.name = 'ValidationException'
  }
}

/** DynamoDB knows this expression and the memory store does not. It must never pass for a refusal by DynamoDB. */
export class UnsupportedExpressionError extends Error {
  constructor(feature: string) {
    super(`the memory store does not support ${feature}`)
    this.name = 'UnsupportedExpressionError'
  }
}

export function invalid(problem: string): never {
  throw new ValidationException(problem)
}
