import { randomBytes } from 'node:crypto'
import { Functions } from '../../local/memory/functions.js'
import { DEFAULT_TIMING } from '../../protocol/timing.js'
import { MemoryStore } from '../../store/memory/memory-store.js'
import { bundlePath, FUNCTION_ENVIRONMENT } from './bundles.js'
import { serveLocks } from './fake-dynamodb.js'
import { inTurns } from './rounds.js'

const MODULE = new URL('./call-process.js', import.meta.url)
const CONNECTION_ID = 'bench-connection'

const SIZES_MB = [128, 256, 512, 1_024, 1_769, 3_008]
/** With this much, a function has one processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html. */
const MB_OF_ONE_PROCESSOR = 1_769
/** Dollars for a second of 1,024 MB on ARM in us-east-1, and for a call. */
const GB_SECOND_DOLLARS = 0.000_013_333_4
const CALL_DOLLARS = 0.000_000_2
const WRITE_MS = 5
const READ_MS = 4
const PUSH_MS = 10
/** A call of a handoff, be it the acquire that has to wait or the release: two writes, a read and a push. */
const CALL_REQUESTS = 4
const CALL_WAITS_MS = 2 * WRITE_MS + READ_MS + PUSH_MS

/** CPU time of the function `grant` here: of its import, of the first acquire, and of a later one, which is one request. */
export interface CallCpu {
  readonly importCpuMs: number
  readonly firstCpuMs: number
  readonly callCpuMs: number
}

/** A size of memory, modelled: what its share of a processor makes of the CPU time, with the waits. */
export interface MemorySize {
  readonly memoryMb: number
  /** From the start of the import to the answer to an acquire. */
  readonly coldMs: number
  /** A call of a handoff. */
  readonly callMs: number
  readonly dollarsPerMillion: number
  /** Of the time and the price of a call: where it is least, money is best spent for time. */
  readonly product: number
}

/** Measures the function `grant`, with a server in the place of DynamoDB. There is no TLS in it. */
export async function callCpu(node: string, rounds: number): Promise<CallCpu> {
  const store = new MemoryStore()
  await hello(store)
  const locks = await serveLocks(store)
  try {
    const environment = { ...FUNCTION_ENVIRONMENT, AWS_ENDPOINT_URL_DYNAMODB: locks.url }
    const args = [bundlePath('grant'), CONNECTION_ID]
    const [side] = await inTurns(node, [{ name: 'grant', module: MODULE, args, environment }], rounds)
    const figure = (name: keyof CallCpu) => side?.figures[name]?.median ?? Number.NaN
    return {
      importCpuMs: figure('importCpuMs'),
      firstCpuMs: figure('firstCpuMs'),
      callCpuMs: figure('callCpuMs'),
    }
  } finally {
    locks.close()
  }
}

export function memorySizes({ importCpuMs, firstCpuMs, callCpuMs }: CallCpu): readonly MemorySize[] {
  return SIZES_MB.map((memoryMb) => {
    // JavaScript runs on one processor: a second one would not speed it up.
    const share = Math.min(1, memoryMb / MB_OF_ONE_PROCESSOR)
    const coldMs = (importCpuMs + firstCpuMs) / share + READ_MS + WRITE_MS
    const callMs = (CALL_REQUESTS * callCpuMs) / share + CALL_WAITS_MS
    const perCall = (Math.ceil(callMs) / 1_000) * (memoryMb / 1_024) * GB_SECOND_DOLLARS + CALL_DOLLARS
    const dollarsPerMillion = perCall * 1_000_000
    return { memoryMb, coldMs, callMs, dollarsPerMillion, product: callMs * dollarsPerMillion }
  })
}

/** Makes the process known whose connection the calls come over. */
async function hello(store: MemoryStore): Promise<void> {
  const functions = new Functions({
    storeOf: () => store,
    push: () => true,
    nowMs: Date.now,
    timing: { ...DEFAULT_TIMING, leaseMs: 600_000 },
    log: () => {},
  })
  const token = (bytes: number) => randomBytes(bytes).toString('base64url')
  const message = { type: 'hello', v: 1, processId: token(12), secret: token(32), label: 'bench', gen: 1 }
  if (!(await functions.connected(CONNECTION_ID))) throw new Error('the connection was refused')
  const answer = await functions.answer(CONNECTION_ID, JSON.stringify(message))
  if (JSON.parse(answer).type !== 'welcome') throw new Error(`not welcome: ${answer}`)
}
