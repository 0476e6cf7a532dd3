#!/usr/bin/env node
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { keepAlive } from './keep-alive.js'
import { type LocalStackOptions, PORT_MAX } from './options.js'
import { startLocalStack } from './start-local-stack.js'

const USAGE = `Usage: holdfast local [options]

Runs Holdfast on this machine: the functions, tables and routes that would be deployed.

Options:
  --port <number>      the port of the gateway (default: a free one)
  --data <folder>      where the sessions are kept from one start to the next (default: in memory)
  --assembly <folder>  what 'cdk synth' wrote (default: the stack of this package)
  --logs               show what the functions write
  --help               show this
`

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args)
  if (values.help === true) return void process.stdout.write(USAGE)
  const [command, ...rest] = positionals
  if (command !== 'local' || rest.length > 0) throw new UsageError(`expected 'holdfast local'`)
  // Otherwise the AWS SDK's notice about future Node.js versions would be printed between the steps.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const asked = once(process, 'SIGINT')
  const told = once(process, 'SIGTERM')
  await using stack = await startLocalStack(optionsOf(values))
  const variables = Object.entries(stack.env).map(([name, value]) => `export ${name}='${value}'\n`)
  process.stdout.write(`\nFor applications:\n\n${variables.join('')}\nCtrl-C ends it.\n`)
  await keepAlive(Promise.race([asked, told]))
  process.stderr.write('holdfast: stopping\n')
}

class UsageError extends Error {}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        port: { type: 'string' },
        data: { type: 'string' },
        assembly: { type: 'string' },
        logs: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function optionsOf(values: ReturnType<typeof parse>['values']): LocalStackOptions {
  return {
    ...(values.port === undefined ? {} : { port: portIn(values.port) }),
    ...(values.data === undefined ? {} : { dataDir: values.data }),
    ...(values.assembly === undefined ? {} : { assembly: values.assembly }),
    ...(values.logs === true
      ? { onLog: ({ functionId, text }) => process.stderr.write(`${functionId}: ${text}\n`) }
      : {}),
    onProgress: (step) => process.stderr.write(`holdfast: ${step}\n`),
  }
}

/** Accepts only decimal digits: Number() would read '' as 0, which means any free port, and '0x50' as 80. */
function portIn(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= PORT_MAX) return port
  throw new UsageError(`--port must be a port from 0 to ${PORT_MAX}, received '${text}'`)
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`holdfast: ${message}\n${error instanceof UsageError ? `\n${USAGE}` : ''}`)
  process.exitCode = 1
})
