import { startLocalStack } from '../../local/index.js'
import { inTurns, type SideFigures } from './rounds.js'

const MODULE = new URL('./access-process.js', import.meta.url)

/** From the start of a server to its first accesses, on the local stack: the functions have run before. */
export async function firstAccess(node: string, rounds: number): Promise<readonly SideFigures[]> {
  const stack = await startLocalStack()
  try {
    return await inTurns(
      node,
      [{ name: 'a server', module: MODULE, args: ['holdfast'], environment: stack.env }],
      rounds,
    )
  } finally {
    await stack.stop()
  }
}
