import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { Failure } from '../failure.js'

const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** What shells say of a program that is not there, or may not be run. */
const NOT_FOUND = 127
/** Shells add the number of the signal that ended a program to this. */
const SIGNALLED = 128

/**
 * Runs a program with these variables on the same terminal, and gives its exit code. Signals to this process are passed
 * on, except for the Ctrl-C of a terminal, which reaches the program without help.
 */
export function runProgram(
  [command = '', ...args]: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<number> {
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...variables } })
  const listeners = PASSED_ON.map((signal) => {
    const listener = () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    }
    process.on(signal, listener)
    return [signal, listener] as const
  })
  return new Promise<number>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Failure('PROGRAM', `'${command}' cannot be run: ${error.code}`, 'Check its name.', NOT_FOUND)),
    )
    child.once('exit', (code, signal) => resolve(code ?? SIGNALLED + (signal === null ? 0 : constants.signals[signal])))
  }).finally(() => {
    for (const [signal, listener] of listeners) process.off(signal, listener)
  })
}
