import { paginateScan } from '@aws-sdk/client-dynamodb'
import { checkSessionId } from '../../client/options/check.js'
import { compileIdKey } from '../../client/options/id-key.js'
import { sessionKey } from '../../client/session/session-key.js'
import type { Item } from '../../protocol/dynamodb.js'
import { lockKey, NAMESPACE_PATTERN, type SessionKey } from '../../protocol/keys.js'
import { keyOf as keyOfItem } from '../../protocol/record-fields.js'
import { EXIT, Failure, usage } from '../failure.js'
import { HASH_CHARS_MIN } from '../limits.js'
import type { Terminal } from '../terminal.js'
import { type IdOptions, readIdKey } from './id-key.js'
import type { Target } from './target.js'

const WHOLE_HASH = 43
const NAMED = new RegExp(`^[A-Za-z0-9_.-]{1,64}#[A-Za-z0-9_-]{${HASH_CHARS_MIN},${WHOLE_HASH}}$`)

/** The session that an argument names: by its id, which is a secret, or by its hash. */
type SessionArgument =
  | {
      readonly kind: 'id'
      readonly id: string
      readonly namespace: string
      readonly idKey: string | Uint8Array | undefined
      readonly key: SessionKey
    }
  /** `start` is a key, or its first characters. */
  | { readonly kind: 'hash'; readonly start: string }

/** Refuses an argument by which nobody could answer a question. */
export function checkAnswer(argument: string, isGiven = false): void {
  if (argument !== '-' || isGiven) return
  throw usage('standard input has the id, so nobody can answer a question there', 'Give --yes.')
}

/** Reads the argument; `-` stands for a line of standard input. An id is never shown, in errors neither. */
export async function readSession(argument: string, options: IdOptions, terminal: Terminal): Promise<SessionArgument> {
  const text = argument === '-' ? await terminal.readLine() : argument
  if (NAMED.test(text)) return { kind: 'hash', start: text }
  const namespace = namespaceOf(options.namespace, terminal)
  const idKey = readIdKey(options, terminal)
  checkSessionId(text)
  return { kind: 'id', id: text, namespace, idKey, key: sessionKey(namespace, text, compileIdKey(idKey)) }
}

function namespaceOf(given: string | undefined, terminal: Terminal): string {
  const namespace = given ?? terminal.environment.HOLDFAST_NAMESPACE ?? ''
  if (NAMESPACE_PATTERN.test(namespace)) return namespace
  throw usage(
    namespace === '' ? 'an id needs the namespace of its application' : `'${namespace}' is no namespace`,
    `Give --namespace, or set HOLDFAST_NAMESPACE. A hash needs none, as in shop#VGDYW-EBXv: the namespace before it, and at least ${HASH_CHARS_MIN} characters of it.`,
  )
}

/** The whole key of a session. A shortened hash is looked up in both tables. */
export async function keyOf(argument: SessionArgument, target: Target): Promise<SessionKey> {
  if (argument.kind === 'id') return argument.key
  const { start } = argument
  if (start.slice(start.indexOf('#') + 1).length === WHOLE_HASH) return start
  const locks = await keysFrom(target, await target.locksTable(), lockKey(start))
  const keys = locks.length > 0 ? locks.map((key) => key.slice(lockKey('').length)) : await sessionsFrom(target, start)
  const [key, ...others] = keys
  if (key === undefined)
    throw new Failure('SESSION_MISSING', `no session is called ${start}…`, 'Check the hash.', EXIT.missing)
  if (others.length === 0) return key
  throw usage(`${keys.length} sessions are called ${start}…`, 'Give more characters of the hash.')
}

const sessionsFrom = (target: Target, start: string) => keysFrom(target, target.config.sessionsTable, start)

async function keysFrom({ dynamo: client }: Target, TableName: string, start: string): Promise<string[]> {
  const found: string[] = []
  const pages = paginateScan(
    { client },
    {
      TableName,
      ProjectionExpression: 'pk',
      FilterExpression: 'begins_with(pk, :start)',
      ExpressionAttributeValues: { ':start': { S: start } },
    },
  )
  for await (const { Items = [] } of pages) found.push(...(Items as Item[]).map(keyOfItem))
  return found
}
