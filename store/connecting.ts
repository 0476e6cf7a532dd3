import type { Agent, ClientRequest } from 'node:http'
import type { Duplex } from 'node:stream'

/** Requests that have no open connection yet, by their headers: the AWS SDK hands them on as they are. */
const connecting = new WeakSet<object>()

/** Whether nothing of a request can have left, because its agent is still connecting. Only for a {@link watched} agent. */
export const isConnecting = (headers: object): boolean => connecting.has(headers)

/** The same agent, which notes the requests that wait for a connection. */
export function watched<A extends Agent>(agent: A): A {
  const { addRequest } = agent as unknown as { readonly addRequest: AddRequest }
  const watch: AddRequest = (request, options, ...rest) => {
    const { headers } = options
    connecting.add(headers)
    request.once('socket', (socket) => whenOpen(socket, () => connecting.delete(headers)))
    addRequest.call(agent, request, options, ...rest)
  }
  return Object.create(agent, { addRequest: { value: watch } }) as A
}

type AddRequest = (
  request: ClientRequest,
  options: { readonly headers: object },
  ...rest: readonly unknown[]
) => unknown

/** Node.js sends nothing of a request before its connection is open, and the TLS on it. */
function whenOpen(socket: Duplex, opened: () => void): void {
  const { connecting: isOpening, secureConnecting } = socket as {
    readonly connecting?: boolean
    readonly secureConnecting?: boolean
  }
  if (secureConnecting === true) socket.once('secureConnect', opened)
  else if (isOpening === true) socket.once('connect', opened)
  else opened()
}
