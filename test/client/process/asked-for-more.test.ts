import { Membership } from '../../../client/process/membership.js'
import { Reach } from '../../../client/process/reach.js'
import { PROTOCOL_VERSION } from '../../../protocol/limits.js'
import { DEFAULT_TIMING } from '../../../protocol/timing.js'
import { settle, VirtualClock } from '../../support/world.js'
import { eventsWith } from './events.js'
import { type Line, linesTo } from './lines.js'

it('a process looks for asks that a renewal does not name, once for each number of them that it hears', async () => {
  const clock = new VirtualClock()
  const lines: Line[] = []
  let looks = 0
  const randomness = { token: (bytes: number) => 'x'.repeat(bytes), fraction: () => 0.5 }
  const membership = new Membership(
    'test',
    linesTo(lines),
    clock,
    randomness,
    new Reach(clock),
    eventsWith({
      askedForMore: () => {
        looks += 1
      },
    }),
  )
  await settle()
  const [line] = lines as [Line]
  const terms = { leaseMs: DEFAULT_TIMING.leaseMs, incarnation: '1' }
  line.say({ type: 'welcome', v: PROTOCOL_VERSION, gen: 1, ...terms, timing: DEFAULT_TIMING })
  // A function of an earlier version does not say how many there are.
  const afterwards = [undefined, 1, 1, undefined, 1, 2].map((more) => {
    line.say({ type: 'renewed', n: 1, ...terms, asks: [], ...(more === undefined ? {} : { more }) })
    return looks
  })
  membership.close()
  expect(afterwards).toEqual([0, 1, 1, 1, 1, 2])
})
