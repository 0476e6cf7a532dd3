#!/usr/bin/env node
import { run } from './run.js'
import { Terminal } from './terminal.js'

// Otherwise the AWS SDK's notice about future Node.js versions would stand between the lines.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
const { stdin, stdout, stderr } = process
const terminal = new Terminal({ input: stdin, output: stdout, errors: stderr }, process.env)
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }
for (const [signal, code] of Object.entries(SIGNALS)) {
  process.on(signal, () => {
    if (!terminal.end()) process.exit(code)
  })
}
let isHungUp = false
process.once('SIGHUP', () => {
  isHungUp = true
})
process.once('exit', (code) => {
  // An output that cannot be written may say so after the command has ended.
  if (code === 0) process.exitCode = terminal.exitCode
  if (!isHungUp || ![stdin, stdout, stderr].some(({ isTTY }) => isTTY)) return
  // Node.js would abort when it sets back a terminal that is gone.
  process.removeAllListeners('SIGHUP')
  process.kill(process.pid, 'SIGHUP')
})
await run(process.argv.slice(2), terminal)
