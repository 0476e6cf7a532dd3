import { machineRandomness } from '../../client/machine.js'
import type { ConnectFailure, Socket, Transport } from '../../client/ports.js'
import { PROTOCOL_VERSION } from '../../protocol/limits.js'
import type { StoreMessage } from '../../protocol/messages.js'
import type { Timing } from '../../protocol/timing.js'
import { CONNECT_TIMEOUT_MS } from '../limits.js'
import { CURES } from '../stack/problems.js'
import { type Finding, finding } from './findings.js'

const [PROCESS_ID_BYTES, SECRET_BYTES] = [12, 32]

/** What the store says to a greeting. */
interface Greeting {
  readonly timing: Timing | undefined
  readonly incarnation: string | undefined
  readonly findings: readonly Finding[]
}

/** Opens a connection, greets, and takes leave: no try is repeated, so that the first failure is told. */
export function greet(transport: Transport, timeoutMs = CONNECT_TIMEOUT_MS): Promise<Greeting> {
  return new Promise((resolve) => {
    let isOpen = false
    let socket: Socket | undefined
    const end = (result: Partial<Greeting>) => {
      clearTimeout(timer)
      socket?.close()
      resolve({ timing: undefined, incarnation: undefined, findings: [], ...result })
    }
    const timer = setTimeout(() => end({ findings: [silence(isOpen)] }), timeoutMs)
    const hello = {
      type: 'hello',
      v: PROTOCOL_VERSION,
      processId: machineRandomness.token(PROCESS_ID_BYTES),
      secret: machineRandomness.token(SECRET_BYTES),
      label: 'holdfast doctor',
      gen: 1,
    }
    socket = transport.open({
      opened() {
        isOpen = true
        socket?.send(JSON.stringify(hello))
      },
      received(text) {
        const message = JSON.parse(text) as StoreMessage
        if (message.type === 'refused') end({ findings: [refusal(message.code, message.message)] })
        if (message.type !== 'welcome') return
        socket?.send(JSON.stringify({ type: 'retire' }))
        end({ timing: message.timing, incarnation: message.incarnation })
      },
      closed: (failure) => end({ findings: [closedBy(failure)] }),
    })
  })
}

const silence = (isOpen: boolean): Finding =>
  isOpen
    ? finding('FUNCTIONS_SILENT', 'the connection is open, and the greeting was not answered')
    : finding('GATEWAY_UNREACHABLE', 'the connection did not open in time')

function refusal(code: string, message: string): Finding {
  if (code === 'UNSUPPORTED_VERSION' || code === 'UNKNOWN_TYPE' || code === 'MALFORMED') {
    return finding('VERSION_WRONG', `the store refused the greeting (${code}): ${message}`)
  }
  return finding('FUNCTIONS_FAILING', `the store refused the greeting (${code}): ${message}`)
}

/** The client's own words for a failure have the status, and AWS's name for the error. */
function closedBy(failure: ConnectFailure | undefined): Finding {
  const what = failure?.message.split('. ', 1)[0] ?? 'the connection was closed without an answer'
  const [, status, name = ''] = /status (\d+)(?: \((\w+)\))?/.exec(what) ?? []
  const aws = (code: keyof typeof CURES): Finding => ({ code, what, cure: CURES[code], severity: 'fault' })
  if (what.startsWith('no AWS credentials')) return aws('CREDENTIALS_MISSING')
  if (status === undefined) return finding(failure === undefined ? 'FUNCTIONS_SILENT' : 'GATEWAY_UNREACHABLE', what)
  if (/^(UnrecognizedClient|InvalidClientTokenId)/.test(name)) return aws('CREDENTIALS_UNKNOWN')
  if (name.startsWith('ExpiredToken')) return aws('CREDENTIALS_EXPIRED')
  if (/^(InvalidSignature|SignatureDoesNotMatch)/.test(name)) return aws('SECRET_WRONG')
  if (status === '403' || status === '401') return finding('CONNECT_FORBIDDEN', what)
  if (status === '404' || status === '410') return finding('GATEWAY_WRONG', what)
  return finding('FUNCTIONS_FAILING', what)
}
