import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { LocalStack } from '../../local/index.js'

type Message = { readonly [field: string]: unknown }

/** A real application-server process: of one of the scripts beside this file, or of another by its path. */
export class AppProcess {
  readonly messages: Message[] = []
  readonly exited: Promise<unknown>
  private readonly child: ChildProcess
  private readonly listeners = new Set<(message: Message) => void>()
  private commands = 0

  constructor(stack: LocalStack, script: string, options: object) {
    this.child = fork(path.resolve(__dirname, script), [JSON.stringify(options)], {
      env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...stack.env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.exited = once(this.child, 'exit')
    this.child.on('message', (message: Message) => {
      this.messages.push(message)
      for (const listener of this.listeners) listener(message)
    })
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  on(listener: (message: Message) => void): void {
    this.listeners.add(listener)
  }

  /** Resolves with the first message, past or future, that matches. */
  async waitFor(matches: (message: Message) => boolean): Promise<Message> {
    const past = this.messages.find(matches)
    if (past !== undefined) return past
    return new Promise((resolve, reject) => {
      const listener = (message: Message) => {
        if (!matches(message)) return
        this.listeners.delete(listener)
        resolve(message)
      }
      this.listeners.add(listener)
      void this.exited.then(() => reject(new Error('the process exited before it said what was waited for')))
    })
  }

  /** Sends a command and resolves with its answer: { value } or { error }. */
  async command(command: string, fields: object = {}): Promise<Message> {
    this.commands += 1
    const n = this.commands
    this.child.send({ command, n, ...fields })
    return this.waitFor((message) => message.n === n)
  }

  say(command: string): void {
    this.child.send({ command })
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.exited
  }
}
