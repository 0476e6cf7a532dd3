import type { Command } from 'commander'
import { HoldfastError } from '../../client/errors/index.js'
import { SignedWebSocketTransport } from '../../client/process/websocket.js'
import type { Timing } from '../../protocol/timing.js'
import { greet } from '../doctor/connection.js'
import { finding } from '../doctor/findings.js'
import { Examination, type Report, type Said, type Step } from '../doctor/report.js'
import { roundTrip } from '../doctor/round-trip.js'
import { checkClock, checkConfig, checkCredentials } from '../doctor/setting.js'
import { checkLocks, checkRecords, checkSessions } from '../doctor/tables.js'
import { EXIT } from '../failure.js'
import { examples, type StackOptions, withStackOptions } from '../stack/options.js'
import { openTarget, type Target } from '../stack/target.js'
import type { Terminal } from '../terminal.js'

interface DoctorOptions extends StackOptions {
  readonly namespace?: string
}

export function defineDoctor(command: Command, terminal: Terminal): void {
  withStackOptions(command)
    .option('--namespace <name>', 'also look whether this namespace has sessions')
    .addHelpText(
      'after',
      `\nIt looks at the configuration, the credentials, the clock, both tables with their TTL and some records, opens a
connection, and takes a session of its own (namespace holdfast-doctor) through acquire, handoff, release and destroy.
Each finding has a code and a cure. With the rights of an application it warns of what it may not see. Healthy is 0.
${examples('holdfast doctor', 'holdfast doctor --profile prod --region eu-west-1 --config config.json', "holdfast doctor --json | jq '.steps[].findings[]'")}`,
    )
    .action((options: DoctorOptions) => doctor(options, terminal))
}

async function doctor(options: DoctorOptions, terminal: Terminal): Promise<void> {
  const isJson = options.json === true
  const report = await examine(options, terminal, (step) => {
    if (!isJson) terminal.print(textOf(step, terminal))
  })
  if (!report.isHealthy) terminal.exitCode = EXIT.failed
  if (isJson) return terminal.print(JSON.stringify(report))
  const times = Object.entries(report.timings).map(([name, ms]) => `${name} ${ms === 0 ? 'under 1' : ms} ms`)
  if (times.length > 0) terminal.print(`\n${times.join(', ')}`)
  terminal.print(report.isHealthy ? terminal.paint('green', '\nhealthy') : terminal.paint('red', '\nnot healthy'))
}

async function examine(options: DoctorOptions, terminal: Terminal, onStep: (step: Step) => void): Promise<Report> {
  const examination = new Examination(onStep)
  let target: Target | undefined
  await examination.step('configuration', [], () => {
    try {
      target = openTarget(options, terminal)
      return checkConfig(target.config)
    } catch (error) {
      return configProblem(error)
    }
  })
  if (target === undefined) return examination.report()
  const stack = target
  try {
    await examination.step('credentials', ['configuration'], () => checkCredentials(stack))
    await examination.step('clock', ['configuration'], () => checkClock(stack))
    await examination.step('sessions', ['credentials', 'clock'], () => checkSessions(stack, options.namespace))
    await examination.step('locks', ['credentials', 'clock'], () => checkLocks(stack))
    await examination.step('records', ['sessions', 'locks'], () => checkRecords(stack))
    let timing: Timing | undefined
    await examination.step('connection', ['credentials'], async () => {
      const { config, dynamo } = stack
      const greeting = await greet(new SignedWebSocketTransport(config.url, config.region, dynamo))
      timing = greeting.timing
      const detail = timing === undefined ? '' : `lease ${timing.leaseMs} ms, incarnation ${greeting.incarnation}`
      return { detail, findings: greeting.findings }
    })
    await examination.step('round trip', ['sessions', 'connection'], async () =>
      timing === undefined ? {} : roundTrip(stack, timing, examination.timings),
    )
    return examination.report()
  } finally {
    stack.close()
  }
}

function configProblem(error: unknown): Said {
  if (!(error instanceof HoldfastError)) throw error
  const code = /no HOLDFAST_CONFIG/.test(error.message) ? 'CONFIG_MISSING' : 'CONFIG_WRONG'
  return { findings: [finding(code, error.message)] }
}

const MARKS = {
  passed: ['green', 'ok'],
  warned: ['yellow', 'look'],
  failed: ['red', 'fault'],
  skipped: ['dim', 'not tried'],
} as const

function textOf({ name, outcome, ms, detail, findings }: Step, { paint }: Terminal): string {
  const [style, mark] = MARKS[outcome]
  const took = outcome === 'skipped' ? '' : ` (${ms} ms)`
  const head = `${paint(style, mark.padEnd(9))} ${name}${detail === '' ? '' : `: ${detail}`}${took}`
  const lines = findings.map(({ code, what, cure }) => `          ${paint('bold', code)}: ${what}\n          → ${cure}`)
  return [head, ...lines].join('\n')
}
