import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** The options that only a storm has. */
export const STORM_OPTIONS = {
  storm: { type: 'string' },
  throttle: { type: 'string' },
  lease: { type: 'string' },
  hours: { type: 'string' },
  cut: { type: 'boolean' },
  deploy: { type: 'boolean' },
}

/** Runs one storm in a process of its own, which prints what came of it. Returns its exit code. */
export async function runStorm(program, values) {
  const given = ['seed', ...Object.keys(STORM_OPTIONS)].filter((name) => values[name] !== undefined)
  const args = given.map((name) => (values[name] === true ? `--${name}` : `--${name}=${values[name]}`))
  const child = spawn(process.execPath, ['--max-old-space-size=4096', program, ...args], { stdio: 'inherit' })
  process.on('exit', () => child.kill('SIGKILL'))
  const [code] = await once(child, 'exit')
  return code ?? 1
}
