import { isThenable } from '../../access/outcome.js'
import { InvalidArgumentError } from '../../errors/index.js'

/**
 * What a `lock` function of the application says of a request.
 *
 * @throws {InvalidArgumentError} for a promise. How that one ends concerns nobody any more.
 */
export function chosenLock<Request>(choose: (request: Request) => unknown, request: Request): unknown {
  const chosen = choose(request)
  if (!isThenable(chosen)) return chosen
  chosen.then(undefined, () => {})
  throw new InvalidArgumentError(
    "'lock' must be a function that returns its answer at once, received one that returns a promise: it cannot be async",
  )
}
