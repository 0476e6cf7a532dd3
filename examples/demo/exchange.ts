import { Agent, type IncomingMessage, request } from 'node:http'

/** A server's answer. The status 0 stands for none. */
export interface Answer {
  readonly status: number
  readonly body: string
  /** The cookie to send from now on. */
  readonly cookie: string
  /** Whether the server had the session already, where it says so. */
  readonly session: string | undefined
  /** Whether anything was waited for in the server. */
  readonly isWaited: boolean
  /** A failed request changed nothing, or nobody can tell. */
  readonly effect: 'none' | 'unknown' | undefined
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly body?: string
}

export const keepAliveAgent = (): Agent => new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })

/** One request. A connection that breaks is a failure of unknown effect, as it is for a browser. */
export function exchange(agent: Agent, origin: string, call: Call, cookie: string): Promise<Answer> {
  return new Promise((resolve) => {
    const broken = () => resolve({ status: 0, body: '', cookie, session: undefined, isWaited: true, effect: 'unknown' })
    const headers = { ...(cookie === '' ? {} : { cookie }), 'content-type': 'application/json' }
    const sent = request(`${origin}${call.path}`, { agent, method: call.method, headers }, (response) => {
      response.on('error', broken)
      void answerOf(response, cookie).then(resolve, broken)
    })
    sent.on('error', broken)
    sent.end(call.body)
  })
}

async function answerOf(response: IncomingMessage, cookie: string): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks).toString()
  const status = response.statusCode ?? 0
  const { 'set-cookie': given, 'x-session': session, 'x-waited': waited } = response.headers
  return {
    status,
    body,
    cookie: given?.[0]?.split(';')[0] ?? cookie,
    session: typeof session === 'string' ? session : undefined,
    isWaited: waited !== 'no',
    effect: status === 200 ? undefined : effectOf(body),
  }
}

/** A request that failed may have changed something, unless the answer says that it did not. */
function effectOf(body: string): 'none' | 'unknown' {
  try {
    const { effect } = JSON.parse(body) as { readonly effect?: unknown }
    return effect === 'none' ? 'none' : 'unknown'
  } catch {
    return 'unknown'
  }
}
