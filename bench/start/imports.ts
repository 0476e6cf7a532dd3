import { inTurns, type SideFigures } from './rounds.js'

const MODULE = new URL('./import-process.js', import.meta.url)

/** `import 'holdfast'` against the two packages that it cannot do without. */
export const imports = (node: string, rounds: number): Promise<readonly SideFigures[]> =>
  inTurns(
    node,
    [
      { name: '@aws-sdk/client-dynamodb and ws', module: MODULE, args: ['@aws-sdk/client-dynamodb', 'ws'] },
      { name: 'holdfast', module: MODULE, args: ['holdfast'] },
    ],
    rounds,
  )
