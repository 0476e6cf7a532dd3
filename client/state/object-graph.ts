import { Buffer } from 'node:buffer'
import { types } from 'node:util'

/** What one object holds directly. */
interface Content {
  readonly properties: readonly (readonly [PropertyKey, PropertyDescriptor])[]
  /** The entries of a Map, one after the other, the members of a Set, or the time of a Date. */
  readonly parts: readonly unknown[]
  readonly bytes: Uint8Array | undefined
}

/** All objects that can be reached from a value, with what they hold at this time. It runs no code of the program. */
export class ObjectGraph {
  private readonly contents = new Map<object, Content>()

  /** @param known leaves out the objects of this graph. */
  constructor(value: unknown, known?: ObjectGraph) {
    const waiting = [value]
    for (let each = waiting.pop(); each !== undefined || waiting.length > 0; each = waiting.pop()) {
      if (typeof each !== 'object' || each === null || types.isProxy(each)) continue
      if (this.contents.has(each) || known?.contents.has(each) === true) continue
      const content = contentOf(each)
      this.contents.set(each, content)
      for (const [, property] of content.properties) waiting.push(property.value)
      for (const part of content.parts) waiting.push(part)
    }
  }

  /**
   * Whether one of the objects holds something else now.
   *
   * @param known leaves out the objects of this graph.
   */
  isChanged(known?: ObjectGraph): boolean {
    for (const [object, content] of this.contents) {
      if (known?.contents.has(object) !== true && !isSame(content, contentOf(object))) return true
    }
    return false
  }

  /** The same objects, and what can be reached from them, as they are now. */
  again(): ObjectGraph {
    return new ObjectGraph([...this.objects()])
  }

  objects(): IterableIterator<object> {
    return this.contents.keys()
  }

  /** Gives the objects what they held. Returns whether that was possible with all: the program can freeze them. */
  restore(): boolean {
    let isDone = true
    for (const [object, content] of this.contents) {
      try {
        if (!isSame(content, contentOf(object))) refill(object, content)
      } catch {
        isDone = false
      }
    }
    return isDone && !this.isChanged()
  }
}

function contentOf(object: object): Content {
  if (types.isUint8Array(object)) return { properties: [], parts: [], bytes: Uint8Array.from(object) }
  const properties = Reflect.ownKeys(object).map(
    (name) => [name, Reflect.getOwnPropertyDescriptor(object, name) as PropertyDescriptor] as const,
  )
  return { properties, parts: partsOf(object), bytes: undefined }
}

function partsOf(object: object): readonly unknown[] {
  if (types.isMap(object)) return [...Map.prototype.entries.call(object)].flat(1)
  if (types.isSet(object)) return [...Set.prototype.values.call(object)]
  return types.isDate(object) ? [Date.prototype.getTime.call(object)] : []
}

function isSame(a: Content, b: Content): boolean {
  if (a.bytes !== undefined || b.bytes !== undefined) {
    return a.bytes !== undefined && b.bytes !== undefined && Buffer.compare(a.bytes, b.bytes) === 0
  }
  if (a.properties.length !== b.properties.length || a.parts.length !== b.parts.length) return false
  return (
    a.parts.every((part, index) => Object.is(part, b.parts[index])) &&
    a.properties.every(([name, mine], index) => {
      const [otherName, other] = b.properties[index] as readonly [PropertyKey, PropertyDescriptor]
      return name === otherName && Object.is(mine.value, other.value) && mine.get === other.get
    })
  )
}

function refill(object: object, { properties, parts, bytes }: Content): void {
  if (types.isUint8Array(object)) return Uint8Array.prototype.set.call(object, bytes as Uint8Array)
  if (types.isMap(object)) {
    Map.prototype.clear.call(object)
    for (let index = 0; index < parts.length; index += 2) Map.prototype.set.call(object, parts[index], parts[index + 1])
  } else if (types.isSet(object)) {
    Set.prototype.clear.call(object)
    for (const part of parts) Set.prototype.add.call(object, part)
  } else if (types.isDate(object)) Date.prototype.setTime.call(object, parts[0] as number)
  for (const name of Reflect.ownKeys(object)) Reflect.deleteProperty(object, name)
  for (const [name, property] of properties) Reflect.defineProperty(object, name, property)
}
