import { connectionKey, processKey } from '../../protocol/keys.js'
import type { StoreMessage } from '../../protocol/messages.js'
import { readConnection, readProcess } from '../../protocol/process/record.js'
import { timesEffort } from '../support/effort.js'
import { Random } from '../support/random.js'
import { type Said, wrongChange } from './allowed.js'
import { problemOf } from './answers.js'
import { FIELDS, Liar, type Lie } from './liar.js'
import { type Player, Stage, sessionOf } from './stage.js'

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
const RUNS = timesEffort(60)
const LIES = 250
console.info(`hostile clients: SEED=${seed}`)

/** Sessions in every state that a lie could spoil. */
async function setScene() {
  const stage = new Stage()
  const [anna, bert, cleo, idle, liar] = (await Promise.all(
    ['anna', 'bert', 'cleo', 'idle', 'liar'].map((name) => stage.join(name)),
  )) as [Player, Player, Player, Player, Player]
  const acquire = async (name: string, ...players: readonly Player[]) => {
    for (const player of players) await stage.acquire(player, sessionOf(name))
  }
  await acquire('held', anna)
  await acquire('wanted', anna, bert, cleo)
  await acquire('the liar waits', bert, anna, liar, cleo)
  await acquire('the liar waits first', anna, liar, bert)
  await acquire("the liar's, wanted", liar, cleo, anna)
  await acquire("the liar's", liar)
  await acquire('free', cleo)
  await stage.release(cleo, sessionOf('free'))
  await acquire('busy', cleo, bert)
  const busy = sessionOf('busy')
  await stage.send(cleo, { type: 'busy', session: busy, epoch: stage.lock(busy)?.epoch ?? 0 })
  await acquire('full', anna)
  stage.fillQueue(sessionOf('full'), idle)
  const names = ['held', 'wanted', 'the liar waits', 'the liar waits first', "the liar's, wanted", "the liar's"]
  const sessions = [...names, 'free', 'busy', 'full', 'unknown'].map(sessionOf)
  return { stage, sessions, honest: [anna, bert, cleo, idle], liar }
}

/** The content of a text, if it is JSON. */
function said(body: unknown): Said {
  try {
    return Object(JSON.parse(String(body))) as Said
  } catch {
    return {}
  }
}

const ANSWERS = new Map<unknown, readonly StoreMessage['type'][]>([
  ['hello', ['welcome']],
  ['acquire', ['granted', 'queued']],
  ['cancel', ['noted']],
  ['release', ['released']],
  ['busy', ['noted', 'lost']],
  ['keep', ['noted', 'revoke', 'lost']],
  ['renew', ['renewed']],
  ['retire', ['noted']],
])

/** The problem of the answer to this message: its form, the message that it names, or a secret that it gives away. */
function wrongAnswer(answer: StoreMessage, message: Said, honest: readonly Player[]): string | undefined {
  const problem = problemOf(answer)
  if (problem !== undefined) return problem
  const text = JSON.stringify(answer)
  for (const { processId, secret, connectionId } of honest) {
    if ([processId, secret, connectionId].some((own) => text.includes(own))) return 'it tells of another process'
  }
  const own = Object.entries(FIELDS).find(([type]) => type === message.type)?.[1] ?? []
  const hasMore = Object.keys(message).some((name) => name !== 'type' && !own.includes(name))
  if (answer.type === 'refused') {
    if (answer.code === 'INTERNAL' || answer.code === 'BUSY_RECORD') return 'it could not be carried out'
  } else if (!ANSWERS.get(message.type)?.includes(answer.type)) return 'it answers another type of message'
  else if (hasMore) return 'the message has a field that there is not'
  const isGrant = answer.type === 'granted'
  for (const name of ['session', 'r', 'n', 'gen', ...(isGrant ? [] : ['epoch'])]) {
    const told = (answer as unknown as Said)[name]
    if (told !== undefined && told !== message[name]) return `its '${name}' is not that of the message`
  }
  return undefined
}

/** Whether a grant or a place in the queue is as the record says. */
function isTold(stage: Stage, answer: StoreMessage, speaker: string | undefined): boolean {
  if (answer.type !== 'granted' && answer.type !== 'queued') return true
  const lock = stage.lock(answer.session)
  if (answer.type === 'queued' && answer.since !== undefined)
    return answer.position === lock?.waiters.length && lock.waiters.every(({ p }) => p !== speaker)
  const seat = answer.type === 'granted' ? lock?.holder : lock?.waiters[answer.position]
  const isSeat = seat?.p === speaker && seat?.r === answer.r
  return isSeat && (answer.type === 'queued' || answer.epoch === lock?.epoch)
}

/** Pushes tell the truth, and only to whom it concerns. */
function wrongPush(stage: Stage, message: Said): string | undefined {
  for (const { to, message: push } of stage.pushed.splice(0)) {
    const lock = push.type === 'revoke' || push.type === 'granted' ? stage.lock(push.session) : undefined
    const holder = readProcess(stage.memory.getNow('locks', processKey(lock?.holder?.p ?? '')))
    const isTrue =
      problemOf(push) === undefined &&
      (push.type === 'revoke' || push.type === 'granted') &&
      push.session === message.session &&
      push.epoch === lock?.epoch &&
      (push.type === 'revoke' || push.r === lock.holder?.r) &&
      holder?.connectionId === to.connectionId
    if (!isTrue) return JSON.stringify(push)
  }
  return undefined
}

/** The others go on meanwhile, as they may. */
async function goOn(stage: Stage, random: Random, sessions: readonly string[], honest: readonly Player[]) {
  const [session, player] = [random.pick(sessions), random.pick(honest)]
  const lock = stage.lock(session)
  if (lock?.holder?.p === player.processId) await stage.release(player, session)
  else if (random.chance(0.7)) await stage.acquire(player, session)
  else await stage.send(player, { type: 'acquire', session, r: Math.max(1, player.r), nudge: true })
}

/** Every honest process gets every session once more, however the liar has left them. */
async function expectEverybodyServed(stage: Stage, sessions: readonly string[], honest: readonly Player[]) {
  const wanting = new Set(sessions.flatMap((session) => honest.map((player) => `${session} ${player.name}`)))
  stage.replaceFunctions()
  for (let second = 0; wanting.size > 0 && second < 200; second += 1) {
    stage.nowMs += 1_000
    for (const player of honest) {
      expect(await stage.send(player, { type: 'renew', n: second + 1 })).toMatchObject({ type: 'renewed' })
      for (const session of sessions) {
        if (!wanting.has(`${session} ${player.name}`)) continue
        const lock = stage.lock(session)
        if (lock?.holder?.p !== player.processId) {
          const waiting = lock?.waiters.find(({ p }) => p === player.processId)
          if (waiting === undefined) await stage.acquire(player, session)
          else await stage.send(player, { type: 'acquire', session, r: waiting.r, nudge: true })
        }
        if (stage.lock(session)?.holder?.p !== player.processId) continue
        await stage.release(player, session)
        wanting.delete(`${session} ${player.name}`)
      }
    }
  }
  expect([...wanting]).toEqual([])
}

describe('a client that is properly connected and lies', () => {
  it('changes nothing but what is its own, is answered by the rules, and leaves everybody served', async () => {
    const heard = new Map<string, number>()
    const failures: string[] = []
    for (let run = 0; run < RUNS && failures.length === 0; run += 1) {
      const random = new Random(seed * RUNS + run)
      const { stage, sessions, honest, liar: first } = await setScene()
      const liar = new Liar(random, stage, sessions, honest, first)
      stage.pushed.length = 0
      for (let index = 0; index < LIES; index += 1) {
        stage.nowMs += 1
        if (random.chance(0.1)) await goOn(stage, random, sessions, honest)
        if (random.chance(0.01)) stage.replaceFunctions()
        stage.pushed.length = 0
        const { connectionId, body }: Lie = liar.next()
        await stage.ready(connectionId)
        const before = stage.memory.snapshot().locks
        const answer = await stage.say(connectionId, body)
        const message = said(body)
        const speaker = readConnection(before.get(connectionKey(connectionId))).processId
        const problem =
          wrongAnswer(answer, message, honest) ??
          (isTold(stage, answer, speaker) ? undefined : 'it is not what the record says') ??
          wrongChange(stage, connectionId, message, before, stage.memory.snapshot().locks) ??
          wrongPush(stage, message)
        const kind = answer.type === 'refused' ? answer.code : answer.type
        heard.set(kind, (heard.get(kind) ?? 0) + 1)
        if (problem === undefined) continue
        failures.push(`run ${run}, lie ${index}, of ${speaker}: ${String(body).slice(0, 300)}
  answered ${JSON.stringify(answer)}
  ${problem.slice(0, 2_000)}`)
        break
      }
      expect(failures).toEqual([])
      expect(stage.logs.filter(({ level }) => level !== 'info')).toEqual([])
      expect(stage.memory.items('sessions').size).toBe(0)
      await expectEverybodyServed(stage, sessions, honest)
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    // Nothing is proven by lies that are all refused alike.
    const kinds = ['welcome', 'granted', 'queued', 'released', 'lost', 'renewed', 'noted', 'revoke']
    const codes = ['MALFORMED', 'UNKNOWN_TYPE', 'UNSUPPORTED_VERSION', 'TOO_LARGE', 'NO_HELLO', 'WRONG_SECRET']
    const more = ['WRONG_PROCESS', 'STALE_CONNECTION', 'EVICTED', 'STALE_REQUEST', 'TOO_MANY_MESSAGES']
    expect([...heard.keys()].sort()).toEqual([...kinds, ...codes, ...more].sort())
  }, 60_000)
})
