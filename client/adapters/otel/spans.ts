import { context, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import { handoffId } from '../../../protocol/handoff-id.js'
import type { SessionKey } from '../../../protocol/keys.js'
import type { HoldfastError } from '../../errors/index.js'
import type { HoldfastEvents } from '../../events.js'
import type { Observed } from './measures.js'

/** What OpenTelemetry calls an error that has no name of its own. */
const OTHER = '_OTHER'

/** Of an error of this package. The code of another may say anything. */
function codeOf(error: unknown): string | undefined {
  const { effect, code } = (error ?? {}) as Partial<HoldfastError>
  return effect === undefined ? undefined : code
}

/** The span of one call. It has neither ids nor values of sessions, and no message of an error. */
export class AccessSpan {
  /** Whether the call got its sessions. */
  hasBegun = false
  private isGranted = false
  private readonly handoffs: string[] = []

  constructor(
    private readonly span: Span,
    private readonly forget: () => void,
    private readonly isKnown: boolean,
  ) {}

  /** What `call` makes spans of itself become children of this one. */
  run<T>(call: () => T): T {
    return context.with(trace.setSpan(context.active(), this.span), call)
  }

  granted(session: SessionKey, epoch: number): void {
    this.isGranted = true
    // The grant before is the one that ended. A process is not told whether anybody had it.
    this.handoffs.push(handoffId(session, epoch - 1))
  }

  wanted(session: SessionKey, epoch: number): void {
    this.span.addEvent('holdfast.wanted', { 'holdfast.handoff': handoffId(session, epoch) })
  }

  done(): void {
    this.end('done')
  }

  failed(error: unknown): void {
    this.span.setAttribute('error.type', codeOf(error) ?? OTHER)
    this.span.setStatus({ code: SpanStatusCode.ERROR })
    this.end('failed')
  }

  private end(outcome: 'done' | 'failed'): void {
    this.forget()
    this.span.setAttribute('holdfast.outcome', outcome)
    if (this.hasBegun && this.isKnown) this.span.setAttribute('holdfast.kept', !this.isGranted)
    if (this.handoffs.length > 0) this.span.setAttribute('holdfast.handoff', this.handoffs)
    this.span.end()
  }
}

/** The spans of one client. docs/OPERATIONS.md explains their attributes. */
export class Spans {
  private readonly running = new Map<string, Set<AccessSpan>>()
  private readonly namespace: string

  constructor(
    private readonly client: Observed,
    private readonly tracer: Tracer,
  ) {
    this.namespace = client.toJSON().namespace
    client.on('granted', this.granted)
    client.on('wanted', this.wanted)
  }

  /** Begins the span of a call for these sessions: ids, or handles of sessions. */
  begin(sessions: readonly unknown[], label: string): AccessSpan {
    const attributes = { 'holdfast.namespace': this.namespace, 'holdfast.label': label }
    const span = this.tracer.startSpan('holdfast.access', { attributes })
    const keys = span.isRecording() ? sessions.flatMap((session) => this.keyOf(session)) : []
    const access = new AccessSpan(span, () => this.forget(keys, access), keys.length > 0)
    for (const key of keys) this.running.set(key, (this.running.get(key) ?? new Set()).add(access))
    return access
  }

  stop(): void {
    this.client.off('granted', this.granted)
    this.client.off('wanted', this.wanted)
  }

  private readonly granted = ({ session, epoch }: HoldfastEvents['granted'][0]): void => {
    for (const access of this.running.get(session) ?? []) access.granted(session, epoch)
  }

  private readonly wanted = ({ session, epoch }: HoldfastEvents['wanted'][0]): void => {
    for (const access of this.running.get(session) ?? []) access.wanted(session, epoch)
  }

  private forget(keys: readonly string[], access: AccessSpan): void {
    for (const key of keys) {
      const others = this.running.get(key)
      others?.delete(access)
      if (others?.size === 0) this.running.delete(key)
    }
  }

  /** None of what is no session: the client refuses it. */
  private keyOf(session: unknown): readonly string[] {
    if (typeof session !== 'string') {
      const { key } = (session ?? {}) as { readonly key?: string }
      return key === undefined ? [] : [key]
    }
    try {
      return [this.client.session(session).key]
    } catch {
      return []
    }
  }
}
