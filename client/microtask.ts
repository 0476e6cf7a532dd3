const throwUncaught = (error: unknown): void => {
  queueMicrotask(() => {
    throw error
  })
}

/**
 * Runs a function in a microtask. If the function throws, the error becomes an uncaught exception. It does not use
 * `queueMicrotask` for the function: fake timers of test runners replace that, and the function must not wait for them.
 */
export function soon(run: () => void): void {
  Promise.resolve().then(run).catch(throwUncaught)
}
