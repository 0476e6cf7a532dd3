import { ConnectedCallers } from '../../functions/callers.js'
import { connected } from '../../functions/connect.js'
import { disconnected } from '../../functions/disconnect.js'
import { Dispatcher, GRANT_HANDLERS, RELEASE_HANDLERS } from '../../functions/dispatch.js'
import { KnownIncarnation } from '../../functions/known-incarnation.js'
import { KnownProcesses } from '../../functions/known-processes.js'
import type { Address, Deps, LogEntry } from '../../functions/ports.js'
import type { Store } from '../../protocol/dynamodb.js'
import type { StoreMessage } from '../../protocol/messages.js'
import type { Timing } from '../../protocol/timing.js'

/** The functions that are deployed, by the names of their modules in functions/lambda. */
export type FunctionName = 'connection' | 'grant' | 'release'

export interface FunctionsOptions {
  readonly storeOf: (caller: FunctionName) => Store
  /** Returns false where this connection is gone. */
  readonly push: (from: FunctionName, to: Address, message: StoreMessage) => boolean
  readonly nowMs: () => number
  readonly timing: Timing
  readonly log: (from: FunctionName, entry: LogEntry) => void
}

const HANDLERS = { connection: {}, grant: GRANT_HANDLERS, release: RELEASE_HANDLERS }
const ENDPOINT = 'memory://gateway'
/** The opener of every connection in this process: there is no IAM that would distinguish callers. */
const USER_ARN = 'arn:aws:iam::000000000000:user/application'

/** The real handlers. Each function has a memory of its own, as in a deployment. */
export class Functions {
  private readonly stores: { readonly [F in FunctionName]: Store }
  private readonly dispatchers: { readonly [F in FunctionName]: Dispatcher<Address> }

  constructor(private readonly options: FunctionsOptions) {
    const each = <T>(make: (name: FunctionName) => T) => ({
      connection: make('connection'),
      grant: make('grant'),
      release: make('release'),
    })
    this.stores = each(options.storeOf)
    this.dispatchers = each((name) => {
      const deps: Deps = {
        store: this.stores[name],
        push: async (to, message) => options.push(name, to, message),
        processes: new KnownProcesses(options.nowMs),
        nowMs: options.nowMs,
        timing: options.timing,
        incarnation: new KnownIncarnation(this.stores[name], options.nowMs),
        namespaces: new Map(),
        log: (entry) => options.log(name, entry),
      }
      return new Dispatcher(deps, HANDLERS[name], new ConnectedCallers(deps))
    })
  }

  /** The answer to a message, from the function of its route. */
  async answer(connectionId: string, text: string): Promise<string> {
    const answer = await this.dispatchers[routeOf(text)].answer({ connectionId, endpoint: ENDPOINT }, text)
    return JSON.stringify(answer)
  }

  /** Resolves to false where the connection must not be opened. */
  connected(connectionId: string, userArn = USER_ARN): Promise<boolean> {
    return connected({ store: this.stores.connection, nowMs: this.options.nowMs }, connectionId, userArn)
  }

  async disconnected(connectionId: string): Promise<void> {
    await disconnected({ store: this.stores.connection }, connectionId)
  }
}

/** Selects the function as the routes of the API do: by the field `type`. `connection` takes all other messages. */
function routeOf(text: string): FunctionName {
  const type = typeOf(text)
  if (Object.hasOwn(GRANT_HANDLERS, type)) return 'grant'
  return Object.hasOwn(RELEASE_HANDLERS, type) ? 'release' : 'connection'
}

/** The field by which the routes of the API are selected. */
export function typeOf(text: string): string {
  try {
    return String((JSON.parse(text) as { readonly type?: unknown } | null)?.type)
  } catch {
    return ''
  }
}
