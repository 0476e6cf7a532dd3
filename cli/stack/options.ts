import { type Command, InvalidArgumentError } from 'commander'
import { RECORDS_DEFAULT, RECORDS_MAX } from '../limits.js'

/** The options of every command that talks to a stack. */
export interface StackOptions {
  readonly config?: string
  readonly profile?: string
  readonly region?: string
  readonly locksTable?: string
  readonly json?: boolean
}

export const withStackOptions = (command: Command): Command =>
  command
    .option('--config <json|file>', "the stack's output HoldfastConfig (default: HOLDFAST_CONFIG)")
    .option('--profile <name>', 'the AWS profile (default: AWS_PROFILE, and the rest of the usual chain)')
    .option('--region <name>', 'the AWS region (default: that of the configuration)')
    .option('--locks-table <name>', "the stack's output LocksTableName (default: HOLDFAST_LOCKS_TABLE, or found)")
    .option('--json', 'print JSON')

/** How much of the Locks table a command reads. */
export const recordsOption = () =>
  [
    '--records <number>',
    'records of the Locks table that are read',
    wholeNumber(1, RECORDS_MAX),
    RECORDS_DEFAULT,
  ] as const

/** A whole number of an option, within these bounds. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
  }

/** Examples under the options of a command's help. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`
