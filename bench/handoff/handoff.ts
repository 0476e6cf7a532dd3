import { AWS_LATENCY_TEXT } from '../../inspector/costs/aws-latency.js'
import type { Part, PartContext } from '../frame/part.js'
import { BenchStack } from '../frame/stack.js'
import { storesOf } from '../latency/slow-stores.js'
import { assemblyWithFloor } from './assembly.js'
import { type Contended, contended } from './contended.js'
import { oneByOne } from './one-by-one.js'

export const HANDOFF: Part = {
  name: 'handoff',
  title: 'Handoffs between processes',
  explanation:
    'Processes of their own use the same sessions, on one DynamoDB Local and one gateway, with the bundled functions in ' +
    'threads. The floor is what a handoff sends between processes that the functions do not know yet (4 writes, one of them refused, 2 reads, 2 messages, 2 pushes), with ' +
    'trivial clients and trivial functions, which run beside the deployed ones in the same threads. With --latency aws: ' +
    AWS_LATENCY_TEXT,
  onOldestNode: false,
  canBeModelled: true,
  async run(context) {
    const assembly = await assemblyWithFloor()
    const stack = await BenchStack.start({ isModelled: context.isModelled, assembly: assembly.folder })
    try {
      const single = await oneByOne(context, stack)
      const many = await withOthers(context, stack)
      return {
        series: [single.series, many.series],
        figures: [...single.figures, many.figures],
        goals: [...many.goals, ...single.goals],
        cautions: many.cautions,
      }
    } finally {
      await stack.stop()
      await assembly.remove()
    }
  },
}

async function withOthers(context: PartContext, stack: BenchStack): Promise<Contended> {
  const stores = await storesOf(context, stack)
  try {
    return await contended(context, stack, stores)
  } finally {
    await stores.stop()
  }
}
