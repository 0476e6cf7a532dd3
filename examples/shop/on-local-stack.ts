import { type LocalStack, startLocalStack } from '../../local/index.js'
import { interruption, step } from './command.js'

/** Runs a part of a command on a local stack, and stops the stack at its end. An interruption is no failure. */
export async function onLocalStack(run: (stack: LocalStack, interrupted: AbortSignal) => Promise<void>): Promise<void> {
  const interrupted = interruption()
  const stack = await startLocalStack({ onProgress: step })
  try {
    await run(stack, interrupted)
  } catch (error) {
    if (!interrupted.aborted) throw error
    step('interrupted')
    process.exitCode = Number(interrupted.reason)
  } finally {
    await stack.stop()
  }
}
