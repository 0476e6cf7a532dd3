import type { Part } from '../frame/part.js'
import { crowds } from './crowds.js'
import { holds } from './holds.js'

export const SCALE: Part = {
  name: 'scale',
  title: 'Many sessions, many clients, many waiters',
  explanation:
    'The real client and the real handlers in one process, with network and store in memory. Heap: in use with the ' +
    "sessions held, less what is left when the client has closed and the store's records have not, each after a garbage " +
    'collection. Crowds: in virtual time, so their times are modelled, and their counts are true.',
  onOldestNode: false,
  canBeModelled: false,
  async run(context) {
    const { figures, goals } = await holds(context)
    return { series: [], figures: [figures, await crowds(context)], goals, cautions: [] }
  },
}
