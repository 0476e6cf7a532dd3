import { type Runtime, Session } from 'node:inspector'
import { types } from 'node:util'

/** All containers of the program, wherever they are: what only a closure or a module has is among them. */
export interface Census {
  /** The number of Maps, Sets and arrays. */
  readonly containers: number
  /** The number of entries and elements in all of them. */
  readonly elements: number
  /** The largest ones, for people. */
  readonly largest: readonly string[]
}

const KINDS = ['Map', 'Set', 'Array'] as const
const SHOWN = 5

type Container = ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | readonly unknown[]

const sizeOf = (container: Container): number =>
  Array.isArray(container) ? container.length : (container as Set<unknown>).size

/** Collects garbage, and counts what is left. */
export function takeCensus(): Census {
  const session = new Session()
  session.connect()
  try {
    const all = KINDS.flatMap((kind) => instancesOf(session, kind).map((container) => ({ kind, container })))
    const sizes = all.map(({ kind, container }) => ({ kind, container, size: sizeOf(container) }))
    const largest = sizes.toSorted((a, b) => b.size - a.size).slice(0, SHOWN)
    return {
      containers: sizes.length,
      elements: sizes.reduce((sum, { size }) => sum + size, 0),
      largest: largest.map(
        ({ kind, container, size }) => `${kind} of ${size}, such as ${shown([...container].at(-1))}`,
      ),
    }
  } finally {
    session.disconnect()
  }
}

/** Asks the engine for them: no program could walk to what only a closure has. In the same thread it answers at once. */
function instancesOf(session: Session, kind: string): Container[] {
  let found: Container[] = []
  const holder = globalThis as { takeInstances?: ((all: Container[]) => void) | undefined }
  holder.takeInstances = (all) => {
    // The prototypes of classes that extend these are no containers themselves.
    found = all.filter((one) => types.isMap(one) || types.isSet(one) || Array.isArray(one))
  }
  const functionDeclaration = 'function () { takeInstances(this) }'
  session.post('Runtime.evaluate', { expression: `${kind}.prototype`, objectGroup: kind }, (_error, { result }) => {
    const prototypeObjectId = result.objectId ?? ''
    session.post('Runtime.queryObjects', { prototypeObjectId, objectGroup: kind }, (_failed, answer) => {
      const { objects } = answer as Runtime.QueryObjectsReturnType
      session.post('Runtime.callFunctionOn', { objectId: objects.objectId ?? '', functionDeclaration })
    })
  })
  session.post('Runtime.releaseObjectGroup', { objectGroup: kind })
  holder.takeInstances = undefined
  return found
}

function shown(element: unknown): string {
  if (Array.isArray(element)) return `[${element.map(shown).join(', ')}]`
  if (typeof element === 'object' && element !== null) return element.constructor?.name ?? 'an object'
  return String(element).slice(0, 40)
}
