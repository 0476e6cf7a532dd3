import { InvalidArgumentError } from 'commander'
import { compileTiming, type Timing } from '../../protocol/timing.js'

/** The times of `--timing`, as JSON or as `leaseMs=2000,nudgeAfterMs=500`. Those that are unsafe together are refused. */
export function readTiming(text: string): Timing {
  try {
    const given = text.trimStart().startsWith('{') ? JSON.parse(text) : Object.fromEntries(text.split(',').map(pair))
    return compileTiming(given)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

function pair(text: string): readonly [string, number] {
  const [, name, digits] = /^\s*(\w+)=(\d+)\s*$/.exec(text) ?? []
  if (name === undefined) throw new SyntaxError(`Expected name=milliseconds, such as leaseMs=2000.`)
  return [name, Number(digits)]
}
