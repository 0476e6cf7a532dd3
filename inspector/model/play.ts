/** A demo server that the page can start, freeze and so on. Its processes have its name as their label. */
export interface PlayServer {
  readonly name: string
  /** As in `http://127.0.0.1:3001`. */
  readonly origin: string
  readonly state: 'running' | 'frozen' | 'starting' | 'stopped' | 'killed'
  /** How far its wall clock was set ahead. */
  readonly aheadMs: number
}

/** How far one command sets the clock of a server ahead: longer than a lease. */
export const JUMP_MS = 60_000

/** What the gateway lets through while the demo throttles it: acquires of all servers together. */
export const GATEWAY_THROTTLE = { routes: { acquire: { perSecond: 1, burst: 1 } } } as const

/** Faults of everything between the servers. */
interface PlayFaults {
  /** Every push of a function gets lost. */
  readonly losesPushes: boolean
  /** The gateway throttles messages, by {@link GATEWAY_THROTTLE}. */
  readonly throttles: boolean
  /** DynamoDB refuses every second write to Locks with a throttling error. */
  readonly refusesWrites: boolean
  /** DynamoDB cuts each request of an application. */
  readonly isDown: boolean
}

/** How the demo stands. */
export interface PlayState {
  readonly servers: readonly PlayServer[]
  readonly faults: PlayFaults
  /** Visitors who go from server to server by themselves. */
  readonly visitors: number
  /** The session of the visitor that the page sends to servers. */
  readonly session: string | undefined
  /** Requests of that visitor that have no answer yet, and how the last ones ended. */
  readonly pending: number
  readonly answers: readonly PlayAnswer[]
}

/** The answer to a request of the visitor. */
export interface PlayAnswer {
  readonly server: string
  readonly ms: number
  /** `kept` or `given`, as the server says; or why there was no good answer. */
  readonly outcome: string
}

export type PlayFault = keyof PlayFaults

export type ServerCommand = 'start' | 'stop' | 'kill' | 'freeze' | 'thaw' | 'cut' | 'jump'

/** What a page may ask for. */
export type PlayCommand =
  | { readonly do: 'visit'; readonly server: string; readonly times?: number }
  | { readonly do: ServerCommand; readonly server: string }
  | { readonly do: 'fault'; readonly fault: PlayFault; readonly on: boolean }
  | { readonly do: 'visitors'; readonly count: number }
  | { readonly do: 'restartGateway' }

/** The demo behind a page. */
export interface Play {
  state(): PlayState
  /** Throws an error whose message may be shown. */
  carryOut(command: PlayCommand): Promise<void>
  /** Calls `listener` after each change; the returned function ends that. */
  onChange(listener: () => void): () => void
}

const VISITS_MAX = 20
const VISITORS_MAX = 40

const SERVER_COMMANDS: readonly string[] = [
  'start',
  'stop',
  'kill',
  'freeze',
  'thaw',
  'cut',
  'jump',
] satisfies ServerCommand[]
const FAULTS: readonly string[] = ['losesPushes', 'throttles', 'refusesWrites', 'isDown'] satisfies PlayFault[]

/** Reads a command of a page. Undefined for anything else. */
export function readCommand(text: string): PlayCommand | undefined {
  try {
    const value = JSON.parse(text) as Readonly<Record<string, unknown>> | null
    return typeof value === 'object' && value !== null && isCommand(value)
      ? (value as unknown as PlayCommand)
      : undefined
  } catch {
    return undefined
  }
}

function isCommand({ do: what, server, times, fault, on, count }: Readonly<Record<string, unknown>>): boolean {
  if (what === 'restartGateway') return true
  if (what === 'visitors') return isCount(count, VISITORS_MAX)
  if (what === 'fault') return FAULTS.includes(String(fault)) && typeof on === 'boolean'
  if (typeof server !== 'string') return false
  if (what === 'visit') return times === undefined || isCount(times, VISITS_MAX)
  return SERVER_COMMANDS.includes(String(what))
}

const isCount = (value: unknown, max: number): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
