import { isReference } from '../frame/machine.js'
import type { Part, PartContext } from '../frame/part.js'
import type { Series } from '../frame/results.js'
import { BenchStack } from '../frame/stack.js'
import { peerStores } from '../peers/stores.js'
import { costs } from './costs.js'
import { inMemory } from './in-memory.js'
import { openAndClose } from './open.js'
import { otherCode } from './other-code.js'
import { alone, overlapping } from './stored.js'

export const KEPT_ACCESS: Part = {
  name: 'kept',
  title: 'Accesses to sessions that a process holds',
  explanation:
    'One loop accesses held sessions, one after the other, by ids that are fresh strings, as a cookie gives them. In one ' +
    'process: the real client with a store in memory, which a kept access never reaches; its writes are written later ' +
    '(write-back, after a minute). A handle was made of each session before. On DynamoDB: the same DynamoDB Local for all; each peer locks, reads, writes and ' +
    'unlocks; Redis is a redis-server on this machine, reached by a socket.',
  onOldestNode: true,
  canBeModelled: false,
  async run(context) {
    const isGoal = await isReference(context.node)
    const held = await inMemory(context)
    const opened = await openAndClose(context)
    const figures = [await costs(context)]
    const others = await otherCode(context)
    const stored = isGoal || context.isQuick ? await onDynamoDb(context) : []
    return {
      series: [held.series, opened.series, others, ...stored],
      figures,
      goals: isGoal ? [...held.goals, opened.goal] : [],
      cautions: [],
    }
  },
}

async function onDynamoDb(context: PartContext): Promise<readonly Series[]> {
  const stack = await BenchStack.start(context)
  try {
    const stores = await peerStores(stack)
    try {
      if (!stores.hasRedis) context.say('redlock and redis-semaphore are left out: there is no redis-server')
      const shared = { context, stack, stores }
      const alones = [await alone(shared, 'read'), await alone(shared, 'write')]
      // What overlaps is counted in a quick run by the mix.
      return context.isQuick ? alones : [...alones, await overlapping(shared)]
    } finally {
      await stores.stop()
    }
  } finally {
    await stack.stop()
  }
}
