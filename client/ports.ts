/**
 * The client's needs of the machine, as interfaces. The real ones are in client/machine.ts; a simulation brings its
 * own.
 */

export type Timer = { readonly cancel: () => void }

/** A `background` timer does not keep the operating system process alive. */
export type TimerKind = 'background' | 'awaited'

export interface Clock {
  /** Milliseconds since 1970. It goes on while a machine is paused, and may jump. */
  wallMs(): number
  /** Milliseconds since some start. It never jumps, but stops while a machine is paused. */
  monotonicMs(): number
  /** Runs `fire` once after `ms`. */
  after(ms: number, fire: () => void, kind: TimerKind): Timer
}

/** An instant by both clocks. */
export interface Instant {
  readonly wallMs: number
  readonly monotonicMs: number
}

export const instant = (clock: Clock): Instant => ({ wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() })

/** The time since an instant, by the clock that says more: one may have stood still, or been set back. */
export function elapsedMs(clock: Clock, { wallMs, monotonicMs }: Instant): number {
  return Math.max(clock.wallMs() - wallMs, clock.monotonicMs() - monotonicMs)
}

export interface Randomness {
  /** `bytes` random bytes as base64url. */
  token(bytes: number): string
  /** A number from 0 to below 1, for jitter only. */
  fraction(): number
}

/** Why a connection could not be opened. */
export interface ConnectFailure {
  readonly message: string
  /**
   * - `passing`: the next try may succeed.
   * - `throttled`: the next try may succeed, if not all come at once.
   * - `setting`: most likely a setting is wrong. It may pass all the same, such as a right that was given seconds ago.
   * - `final`: no other try can succeed.
   */
  readonly kind: 'passing' | 'throttled' | 'setting' | 'final'
  readonly cause?: unknown
}

export interface SocketEvents {
  opened(): void
  received(text: string): void
  /** The last event of a socket, even if the socket never opened. It is never raised before `open` has returned. */
  closed(failure: ConnectFailure | undefined): void
}

export interface Socket {
  /** Sends a text if the socket is open, otherwise does nothing: a sender without an answer sends again. */
  send(text: string): void
  close(): void
}

export interface Transport {
  open(events: SocketEvents): Socket
  /** Another way to the store, for a process whose connection is gone. */
  readonly door?: Door | undefined
}

/** A process, as it proves itself with each request over HTTPS. */
export interface Speaker {
  readonly processId: string
  readonly secret: string
  /** A random name for what would be a connection. */
  readonly connectionId?: string
}

/** The answer to a request, or why there is none. */
export type Reply = { readonly text: string } | { readonly failure: ConnectFailure }

/** The store over HTTPS: a message, and its answer. Nothing is pushed. */
export interface Door {
  post(speaker: Speaker, text: string): Promise<Reply>
}
