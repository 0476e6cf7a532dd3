import { EventEmitter, getEventListeners } from 'node:events'

/** The sizes of containers and the values of numbers, by the path that leads to them. Elements have the path `[]`. */
export interface Contents {
  readonly containers: ReadonlyMap<string, number>
  readonly numbers: ReadonlyMap<string, number>
}

/**
 * All that can be reached from an object by its properties and by the elements of its containers: Maps, Sets and arrays,
 * with their sizes, and the listeners of signals and emitters. Nobody has to name a container for it to be found. What
 * only a closure, a promise or a `#private` field has is not seen, and errors are not looked into.
 *
 * @param isOutside objects that are another's, and are not looked into
 */
export function contentsOf(root: object, isOutside: (value: object) => boolean = () => false): Contents {
  const containers = new Map<string, number>()
  const numbers = new Map<string, number>()
  const seen = new Set<object>()
  const queue: [value: object, path: string][] = [[root, '']]
  const count = (counts: Map<string, number>, path: string, more: number) =>
    counts.set(path, (counts.get(path) ?? 0) + more)
  const enqueue = (value: unknown, path: string) => {
    if (typeof value === 'number') count(numbers, path, value)
    if (typeof value !== 'object' || value === null || seen.has(value) || isOutside(value)) return
    if (value instanceof Promise || value instanceof Error || ArrayBuffer.isView(value)) return
    seen.add(value)
    queue.push([value, path])
  }
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [value, path] = next
    if (value instanceof AbortSignal) count(containers, path, getEventListeners(value, 'abort').length)
    else if (value instanceof EventEmitter) count(containers, path, listenersOf(value))
    else if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
      count(containers, path, Array.isArray(value) ? value.length : value.size)
      const elements = value instanceof Map ? [...value.keys(), ...value.values()] : value
      for (const element of elements) if (typeof element === 'object') enqueue(element, `${path}[]`)
    } else {
      for (const name of Reflect.ownKeys(value)) {
        const property = Object.getOwnPropertyDescriptor(value, name)
        if (property !== undefined && 'value' in property) enqueue(property.value, `${path}.${String(name)}`)
      }
    }
  }
  return { containers, numbers }
}

const listenersOf = (emitter: EventEmitter): number =>
  emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0)
