import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'
import { EXIT, Failure } from './failure.js'
import { INPUT_BYTES_MAX } from './limits.js'

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'
export type Paint = (style: Style, text: string) => string

/** The streams of a terminal are more than others. */
type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number }
type Input = Readable & { readonly isTTY?: boolean }

interface Streams {
  readonly input: Input
  readonly output: Output
  readonly errors: Output
}

/** Where a command reads and writes: a terminal, or pipes. What others may read by program goes to the output alone. */
export class Terminal {
  /** The code that the process ends with. */
  exitCode: number = EXIT.ok
  private readonly asked = new AbortController()
  private hasReader = true
  /** What a signal does: end the process, ask the command to end, or nothing, since a program gets it. */
  private onSignal: 'exit' | 'ask' | 'pass' = 'exit'

  constructor(
    private readonly streams: Streams,
    readonly environment: NodeJS.ProcessEnv,
  ) {
    streams.output.on('error', (error: NodeJS.ErrnoException) => this.outputBroke(error))
    // Notes are for people: a command does its work without them, too.
    streams.errors.on('error', () => {})
  }

  /** Aborted by a signal such as that of Ctrl-C, or where nobody reads any more. A command that asks for it ends by itself. */
  get ended(): AbortSignal {
    if (this.onSignal === 'exit') this.onSignal = 'ask'
    return this.asked.signal
  }

  /** From now on signals are for a program that this command runs. */
  passSignals(): void {
    this.onSignal = 'pass'
  }

  /** Ends the command; returns false where it does not end by itself, and the process must. */
  end(): boolean {
    const isAsked = this.asked.signal.aborted
    this.asked.abort()
    return this.onSignal === 'pass' || (this.onSignal === 'ask' && !isAsked)
  }

  get isTerminal(): boolean {
    return this.streams.output.isTTY === true
  }

  get columns(): number {
    return this.isTerminal ? (this.streams.output.columns ?? 80) : Number.POSITIVE_INFINITY
  }

  get rows(): number {
    return this.streams.output.rows ?? 24
  }

  /** Colours only on a terminal that has some; NO_COLOR takes them away. */
  readonly paint: Paint = (style, text) => (this.hasColours(this.streams.output) ? styleText(style, text) : text)

  private hasColours(output: Output): boolean {
    const { NO_COLOR = '', TERM } = this.environment
    return output.isTTY === true && NO_COLOR === '' && TERM !== 'dumb'
  }

  print(text: string): void {
    this.write(`${text}\n`)
  }

  write(text: string): void {
    if (this.hasReader) this.streams.output.write(text)
  }

  /** For people: on the error output. */
  note(text: string): void {
    this.streams.errors.write(`${text}\n`)
  }

  /** Progress is for a person who watches. */
  progress(text: string): void {
    if (this.streams.errors.isTTY === true) this.note(`holdfast: ${text}`)
  }

  async readLine(): Promise<string> {
    let text = ''
    for await (const chunk of this.streams.input) {
      text += String(chunk)
      if (text.includes('\n') || text.length > INPUT_BYTES_MAX) break
    }
    return text.split('\n', 1)[0]?.trim() ?? ''
  }

  /** Says what will happen, and asks for a yes, unless that was given before. */
  async agree(plan: string, question: string, isGiven = false): Promise<void> {
    if (isGiven) this.progress(plan)
    else await this.confirm(plan, question)
  }

  /** Without a terminal nobody could answer, so the command ends. */
  private async confirm(plan: string, question: string): Promise<void> {
    const { input, errors } = this.streams
    if (input.isTTY !== true || errors.isTTY !== true) {
      this.note(plan)
      throw new Failure('NOT_CONFIRMED', 'nobody can be asked here', 'Give --yes.', EXIT.declined)
    }
    const reader = createInterface({ input, output: errors })
    // Ctrl-C, and the end of the input, are no yes; without this the question would never end.
    const gone = new AbortController()
    reader.once('SIGINT', () => gone.abort()).once('close', () => gone.abort())
    try {
      const answer = await reader.question(`${plan}\n${question} [y/N] `, { signal: gone.signal })
      if (/^y(es)?$/i.test(answer.trim())) return
    } catch (error) {
      if ((error as Error).name !== 'AbortError') throw error
    } finally {
      reader.close()
    }
    throw new Failure('NOT_CONFIRMED', 'nothing was changed', 'Answer y, or give --yes.', EXIT.declined)
  }

  /** A reader that has enough, such as `head`, is no fault, nor is a closed terminal. A full disk is one. */
  private outputBroke({ code, message }: NodeJS.ErrnoException): void {
    const isFirst = this.hasReader
    this.hasReader = false
    this.asked.abort()
    if (code === 'EPIPE' || this.isTerminal || !isFirst) return
    if (this.exitCode === EXIT.ok) this.exitCode = EXIT.failed
    this.note(`holdfast: the output cannot be written, so it is not complete: ${code ?? message}`)
  }
}
