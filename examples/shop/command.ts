/** Says one step, of `npm start` or `npm run demo`. */
export const step = (line: string): void => console.log(`holdfast: ${line}`)

/** Exit codes of a command that was interrupted, by convention. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

const PARENT_LOOK_PERIOD_MS = 500

/** Aborted by Ctrl-C, SIGTERM or the end of the terminal. A second one ends the process at once, and all its children. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[]) {
    process.once(signal, () => controller.abort(EXIT_CODES[signal]))
  }
  // npm passes a SIGTERM to its shell, which ends and tells nobody.
  if (process.env.npm_lifecycle_event !== undefined) whenOrphaned(() => controller.abort(EXIT_CODES.SIGTERM))
  return controller.signal
}

function whenOrphaned(orphaned: () => void): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    orphaned()
  }, PARENT_LOOK_PERIOD_MS)
  timer.unref()
}

/** Runs a command to its end. A failure is printed as one line: its message. */
export async function runCommand(run: () => Promise<void>): Promise<void> {
  // The AWS SDK's notice about future Node.js versions would stand in the middle of the output.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  try {
    await run()
  } catch (error) {
    console.error(`holdfast: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode ||= 1
  }
}
