import { Command, CommanderError } from 'commander'
import { HoldfastError } from '../client/errors/index.js'
import { COMMANDS } from './commands.js'
import { EXIT, Failure, usage } from './failure.js'
import { versionOfPackage } from './package-version.js'
import { problemOf } from './stack/problems.js'
import type { Terminal } from './terminal.js'

const EXIT_CODES = `
Exit codes:
  0  done; for doctor: healthy
  1  it failed; for doctor: a fault was found
  2  a wrong option, argument or configuration
  3  there is no such session, or process
  4  the question was not answered with yes

'holdfast help COMMAND' explains a command, with examples. docs/guide/cli.md has the shapes of --json.`

/** Runs one command. Its exit code is in the terminal afterwards. */
export async function run(args: readonly string[], terminal: Terminal): Promise<void> {
  const isJson = args.includes('--json')
  const cure = `See 'holdfast help${commandNames(args)}'.`
  try {
    const program = await programFor(args, isJson, terminal)
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(failureOf(error, cure), isJson, terminal)
    // Help and the version end a parse as errors do. Commander has printed all of it, unless it is to be JSON.
    if (error.exitCode === 0) return
    if (isJson) report(usage(textOf(error), cure), isJson, terminal)
    terminal.exitCode = EXIT.usage
  }
}

/** The command that is named, after a space. */
function commandNames(args: readonly string[]): string {
  const named = args.find((arg) => Object.hasOwn(COMMANDS, arg))
  return named === undefined ? '' : ` ${named}`
}

const textOf = ({ message }: CommanderError): string =>
  message.replace(/^error: /, '').replace('(outputHelp)', 'no command is given')

/** Only the file of the command that is named is loaded: each has other needs, and the AWS SDK takes its time. */
async function programFor(args: readonly string[], isJson: boolean, terminal: Terminal): Promise<Command> {
  const program = prepared(new Command('holdfast'), isJson, terminal)
    .description("Looks after Holdfast's sessions, locally and on AWS.")
    .version(versionOfPackage(), '--version')
    .helpCommand('help [command]', 'explain a command')
    .addHelpText('after', EXIT_CODES)
  const named = args.filter((arg) => !arg.startsWith('-')).slice(0, 2)
  for (const [name, { summary, aliases = [], load }] of Object.entries(COMMANDS)) {
    const command = prepared(program.command(name), isJson, terminal)
      .summary(summary)
      .description(summary)
      .aliases(aliases)
    if (named.some((word) => word === name || aliases.some((alias) => alias === word))) {
      const define = await load()
      define(command, terminal)
    }
  }
  return program
}

function prepared(command: Command, isJson: boolean, terminal: Terminal): Command {
  return command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => (isJson ? undefined : terminal.note(text.trimEnd())),
      getOutHelpWidth: () => Math.min(terminal.columns, 120),
      getErrHelpWidth: () => Math.min(terminal.columns, 120),
      // There are none but those that the terminal has allowed.
      getOutHasColors: () => true,
      getErrHasColors: () => true,
      outputError: (text, write) => write(`holdfast: ${text.replace(/^error: /, '')}`),
    })
    .configureHelp({ styleTitle: (title) => terminal.paint('bold', title) })
    .helpOption('-h, --help', 'show this')
    .showHelpAfterError(`See 'holdfast help${command.name() === 'holdfast' ? '' : ` ${command.name()}`}'.`)
}

function failureOf(error: unknown, usageCure: string): Failure {
  if (error instanceof Failure) return error.cure === '' ? usage(error.message, usageCure) : error
  if (error instanceof HoldfastError && error.code === 'INVALID_ARGUMENT') return usage(error.message, usageCure)
  const { code, what, cure } = problemOf(error)
  return new Failure(code, what, cure)
}

function report({ code, message, cure, exitCode }: Failure, isJson: boolean, terminal: Terminal): void {
  terminal.exitCode = exitCode
  if (isJson) terminal.print(JSON.stringify({ error: { code, message, cure } }))
  else terminal.note(`holdfast: ${message}\n${cure}`)
}
