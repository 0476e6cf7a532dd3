import {
  GATEWAY_THROTTLE,
  JUMP_MS,
  type Play,
  type PlayAnswer,
  type PlayCommand,
  type PlayFault,
  type PlayServer,
  type PlayState,
  type ServerCommand,
} from '../../../inspector/model/play.js'
import type { LocalStack } from '../../../local/index.js'
import { shownSession } from '../../../local/inspector/facts.js'
import { Inspector } from '../../../local/inspector/inspector.js'
import { ServerProcess } from '../processes.js'
import { Crowd } from './crowd.js'
import { Visitor } from './visitor.js'

const ANSWERS_MAX = 8
const GATEWAY_DOWN_MS = 1_500

/** A server of the demo, which may be stopped and started again on its port. */
interface Seat {
  readonly name: string
  readonly port: number
  process: ServerProcess
  state: PlayServer['state']
  aheadMs: number
}

/** The shop as the page of the inspector drives it. */
export class ShopPlay implements Play {
  private readonly seats: Seat[]
  private readonly visitor = new Visitor()
  private readonly crowd = new Crowd(() => this.running().map(originOf))
  private readonly listeners = new Set<() => void>()
  private readonly ends = new Map<PlayFault, () => void>()
  private readonly answers: PlayAnswer[] = []
  private pending = 0
  private items = 0
  /** The visitor's first request: until it is answered, there is no session that others could be for. */
  private first: Promise<void> | undefined

  constructor(
    private readonly stack: LocalStack,
    private readonly script: URL,
    servers: readonly ServerProcess[],
  ) {
    this.seats = servers.map((process) => ({
      name: process.name,
      port: process.port,
      process,
      state: 'running',
      aheadMs: 0,
    }))
  }

  /** Shows the demo on the page, where the stack has one. */
  show(): void {
    if (this.stack.inspector instanceof Inspector) this.stack.inspector.offer(this)
  }

  /** The servers that run now, or would if they were not frozen. */
  get servers(): readonly ServerProcess[] {
    return this.seats.map(({ process }) => process)
  }

  state(): PlayState {
    const isOn = (fault: PlayFault) => this.ends.has(fault)
    return {
      servers: this.seats.map((seat) => ({
        name: seat.name,
        origin: originOf(seat),
        state: seat.state,
        aheadMs: seat.aheadMs,
      })),
      faults: {
        losesPushes: isOn('losesPushes'),
        throttles: isOn('throttles'),
        refusesWrites: isOn('refusesWrites'),
        isDown: isOn('isDown'),
      },
      visitors: this.crowd.size,
      session: shownSession(this.visitor.session),
      pending: this.pending,
      answers: [...this.answers],
    }
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  async carryOut(command: PlayCommand): Promise<void> {
    if (command.do === 'visit') return this.visit(this.seat(command.server), command.times ?? 1)
    if (command.do === 'fault') this.fault(command.fault, command.on)
    else if (command.do === 'visitors') this.crowd.size = command.count
    else if (command.do === 'restartGateway') await this.restartGateway()
    else await this.server(command.do, this.seat(command.server))
    this.changed()
  }

  /** Ends what the demo does by itself. The servers stay. */
  end(): void {
    this.crowd.size = 0
    for (const end of this.ends.values()) end()
    this.ends.clear()
    for (const seat of this.seats) if (seat.state === 'frozen') seat.process.signal('SIGCONT')
  }

  /** The answers are not waited for: a server may be frozen. */
  private visit(seat: Seat, times: number): void {
    const before = this.first
    const ask = async (count: number) => {
      await before
      for (let done = 0; done < count; done += 1) {
        this.items += 1
        const { outcome, ms } = await this.visitor.add(originOf(seat), `item-${this.items}`)
        this.answers.push({ server: seat.name, ms, outcome })
        if (this.answers.length > ANSWERS_MAX) this.answers.shift()
        this.pending -= 1
        this.changed()
      }
    }
    this.pending += times
    this.changed()
    const asked = ask(times)
    this.first ??= asked
  }

  private async server(what: ServerCommand, seat: Seat): Promise<void> {
    const { process } = seat
    switch (what) {
      case 'start':
        return this.start(seat)
      case 'cut': {
        const { inspector, gateway } = this.stack
        const connection = inspector instanceof Inspector ? inspector.recorder.connectionOf(seat.name) : undefined
        if (connection === undefined || !gateway.drop(connection)) throw new Error(`${seat.name} has no connection`)
        return
      }
      case 'jump':
        if (seat.state !== 'running') throw new Error(`${seat.name} does not run`)
        process.setClockAhead(JUMP_MS)
        seat.aheadMs += JUMP_MS
        return
      case 'freeze':
        return this.signalled(seat, 'SIGSTOP', 'frozen')
      case 'thaw':
        return this.signalled(seat, 'SIGCONT', 'running')
      case 'kill':
        await process.kill()
        seat.state = 'killed'
        return
      case 'stop':
        process.signal('SIGCONT')
        await process.stop()
        seat.state = 'stopped'
    }
  }

  private signalled(seat: Seat, signal: NodeJS.Signals, state: Seat['state']): void {
    if (seat.state !== 'running' && seat.state !== 'frozen') throw new Error(`${seat.name} does not run`)
    seat.process.signal(signal)
    seat.state = state
  }

  private async start(seat: Seat): Promise<void> {
    if (seat.state !== 'stopped' && seat.state !== 'killed') throw new Error(`${seat.name} runs already`)
    seat.state = 'starting'
    seat.aheadMs = 0
    this.changed()
    try {
      seat.process = await ServerProcess.start(this.script, seat.name, seat.port, this.stack.env)
      seat.state = 'running'
      void seat.process.crashed().then(() => {
        seat.state = 'killed'
        this.changed()
      })
    } catch (error) {
      seat.state = 'stopped'
      throw error
    }
  }

  private fault(fault: PlayFault, on: boolean): void {
    this.ends.get(fault)?.()
    this.ends.delete(fault)
    if (on) this.ends.set(fault, this.begin(fault))
  }

  private begin(fault: PlayFault): () => void {
    const { gateway, dynamodb, locksTable, config } = this.stack
    if (fault === 'losesPushes') return gateway.losePushes(() => true)
    if (fault === 'throttles') return gateway.throttle(GATEWAY_THROTTLE)
    if (fault === 'isDown') {
      return dynamodb.inject({ beforeForward: ({ target }) => (target === config.sessionsTable ? 'drop' : undefined) })
    }
    let writes = 0
    return dynamodb.inject({
      beforeForward: ({ target, operation }) => {
        if (target !== locksTable || operation !== 'UpdateItem') return undefined
        writes += 1
        return writes % 2 === 0 ? { refuse: 'ThrottlingException' } : undefined
      },
    })
  }

  private async restartGateway(): Promise<void> {
    const { gateway } = this.stack
    await gateway.stop()
    await new Promise((resolve) => setTimeout(resolve, GATEWAY_DOWN_MS))
    await gateway.start()
  }

  private running(): readonly Seat[] {
    return this.seats.filter(({ state }) => state === 'running')
  }

  private seat(name: string): Seat {
    const seat = this.seats.find((one) => one.name === name)
    if (seat === undefined) throw new Error(`there is no server '${name}'`)
    return seat
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}

const originOf = ({ port }: { readonly port: number }): string => `http://127.0.0.1:${port}`
