/** How a command ends. docs/guide/cli.md explains each. */
export const EXIT = { ok: 0, failed: 1, usage: 2, missing: 3, declined: 4 } as const

/** A command cannot go on. `cure` says what to do. */
export class Failure extends Error {
  constructor(
    /** A stable name in upper case. */
    readonly code: string,
    message: string,
    readonly cure: string,
    readonly exitCode: number = EXIT.failed,
  ) {
    super(message)
    this.name = 'Failure'
  }
}

/** An option, an argument or the configuration is wrong. Without a cure of its own it names the command's help. */
export const usage = (message: string, cure = ''): Failure => new Failure('USAGE', message, cure, EXIT.usage)
