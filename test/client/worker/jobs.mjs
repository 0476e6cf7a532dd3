// What the scripts of worker threads share: the client, gates, and doing the jobs that the main thread asks for.
import { parentPort, workerData } from 'node:worker_threads'
import { connectHoldfast } from 'holdfast/worker'

export const holdfast = connectHoldfast(workerData.port)

const gates = new Map()

/** Resolves when the main thread says so. */
export const gate = (name) => new Promise((resolve) => gates.set(name, resolve))

const dataOf = (error) => ({
  code: error.code,
  reason: error.reason,
  effect: error.effect,
  message: error.message,
  cycle: error.cycle,
  path: error.path,
  isHoldfastError: error instanceof Error && error.constructor.name,
})

/** Does jobs by name, and answers each with its value or with its error's data. */
export function serve(jobs) {
  parentPort.on('message', ({ n, job, open, ...fields }) => {
    if (open !== undefined) return gates.get(open)?.()
    Promise.resolve()
      .then(() => jobs[job](fields))
      .then(
        (value) => parentPort.postMessage({ n, value }),
        (error) => parentPort.postMessage({ n, error: dataOf(error) }),
      )
  })
}
