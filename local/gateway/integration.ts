import type { Outcome } from '../lambda/execution-environment.js'
import type { RouteSpec } from '../template/routes.js'
import { MESSAGE_BYTES_MAX } from './aws-limits.js'
import type { GatewayEvent } from './lambda-events.js'

/** Runs the function with this logical id. It never rejects. */
export type Invoke = (functionId: string, event: GatewayEvent) => Promise<Outcome>

/** A function's answer: `failed` after an error, a crash or a malformed result, `late` while it still runs. */
export type Answer = { readonly statusCode: number; readonly body: string } | 'failed' | 'late'

/** Between a route and its function: the proxy integration. */
export class Integration {
  constructor(
    private readonly invoke: Invoke,
    private readonly timeoutMs: number,
  ) {}

  async call(route: RouteSpec, event: GatewayEvent): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), Math.min(route.timeoutMs, this.timeoutMs)).unref()
    })
    const outcome = await Promise.race([late, this.invoke(route.functionId, event)])
    clearTimeout(timer)
    if (outcome === 'late') return outcome
    return outcome.type === 'returned' ? readAnswer(outcome.value) : 'failed'
  }
}

/** Reads a function's result as a proxy integration does: anything but an object of this form is an error. */
function readAnswer(value: unknown): Answer {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'failed'
  const { statusCode = 200, body, isBase64Encoded } = value as Readonly<Record<string, unknown>>
  const status = Number(statusCode)
  if (!Number.isInteger(status) || status < 200 || status > 599) return 'failed'
  if (body === undefined || body === null) return { statusCode: status, body: '' }
  if (typeof body !== 'string' || Buffer.byteLength(body) > MESSAGE_BYTES_MAX) return 'failed'
  return { statusCode: status, body: isBase64Encoded === true ? Buffer.from(body, 'base64').toString() : body }
}
