import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { usage } from '../failure.js'
import type { Terminal } from '../terminal.js'

/** The options by which an id is turned into the key of its session. */
export interface IdOptions {
  readonly namespace?: string
  readonly idKeyFile?: string
}

export const withIdOptions = (command: Command): Command =>
  command
    .option('--namespace <name>', 'the namespace of the application (default: HOLDFAST_NAMESPACE)')
    .option('--id-key-file <file>', 'a file with the idKey of the application (default: HOLDFAST_ID_KEY)')

/**
 * The `idKey` of the application, as `createHoldfast` takes it: undefined where it has none. It is no argument, since
 * those are in the history of the shell, and every user of the machine sees them.
 */
export function readIdKey({ idKeyFile }: IdOptions, { environment }: Terminal): string | Uint8Array | undefined {
  return idKeyFile === undefined ? environment.HOLDFAST_ID_KEY || undefined : read(idKeyFile)
}

/** A text is taken without the end of its last line, which editors add. */
function read(file: string): string | Uint8Array {
  try {
    const bytes = readFileSync(file)
    return isUtf8(bytes) ? bytes.toString().replace(/\r?\n$/, '') : bytes
  } catch (error) {
    throw usage(`--id-key-file cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}
