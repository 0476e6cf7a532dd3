import { parseArgs } from 'node:util'
import { CONNECTION_RATE } from '../../../local/gateway/aws-quotas.js'
import { leaseMsFor } from '../../../protocol/size.js'
import { keepsLeases, survivesCut } from './sizes.js'
import { Storm } from './storm.js'

/** One storm, as the command line says. Started by scripts/sim.mjs. */
const { values } = parseArgs({
  options: {
    storm: { type: 'string', default: '10000' },
    throttle: { type: 'string', default: '2000/1000' },
    lease: { type: 'string' },
    hours: { type: 'string', default: '1' },
    cut: { type: 'boolean', default: false },
    deploy: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
  },
})

const HOUR_MS = 3_600_000
/** Containers that a deployment replaces. */
const DEPLOYED = 500
const CONNECTS_MAX = 1.2

const processes = numberOf('storm', values.storm)
const [perSecond, burst] = values.throttle.split('/').map((text) => numberOf('throttle', text))
const throttle = { perSecond: perSecond as number, burst: burst ?? (perSecond as number) }
const leaseMs = values.lease === undefined ? leaseMsFor(processes) : numberOf('lease', values.lease)
const lengthMs = numberOf('hours', values.hours) * HOUR_MS

const storm = new Storm({ processes, leaseMs, throttle, seed: numberOf('seed', values.seed) })
storm.start()
const lostAtStart = storm.lost
const before = storm.counts
if (values.deploy) storm.deploy(DEPLOYED)
const tookMs = values.cut ? storm.cut(3 * leaseMs) : 0
const perHour = storm.messagesPerHour(lengthMs)
const { tries, opened, turnedAway, sent } = storm.counts

const isPromised =
  keepsLeases(processes, leaseMs, throttle) && (!values.cut || survivesCut(processes, leaseMs, CONNECTION_RATE))
const rows: readonly (readonly [string, string])[] = [
  ['leases lost', `${storm.lost}${isPromised ? '' : ' (more processes than are promised)'}`],
  ['of these at the start', String(lostAtStart)],
  ['connects per process', (opened / processes).toFixed(2)],
  ['tries per process', (tries / processes).toFixed(2)],
  ...(values.cut || values.deploy
    ? [['tries per process since', ((tries - before.tries) / processes).toFixed(2)] as const]
    : []),
  ...(values.cut ? [['all connected again after', `${(tookMs / 1_000).toFixed(1)} s`] as const] : []),
  ['messages per process and hour', perHour.toFixed(0)],
  ['messages turned away', `${((100 * turnedAway) / sent).toFixed(2)} %`],
]
console.log(`${processes} processes, leases of ${leaseMs} ms, throttle ${values.throttle}, ${values.hours} h`)
for (const [name, value] of rows) console.log(`  ${name.padEnd(32)} ${value}`)
const connectsMax = values.cut || values.deploy ? Number.POSITIVE_INFINITY : CONNECTS_MAX
if (isPromised && (storm.lost > 0 || opened / processes > connectsMax)) process.exitCode = 1

function numberOf(name: string, text: string): number {
  const value = Number(text)
  if (value > 0 && Number.isFinite(value)) return value
  throw new Error(`--${name} must be above 0, received '${text}'`)
}
