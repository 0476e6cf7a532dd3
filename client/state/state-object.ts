import { inspect } from 'node:util'
import { HoldfastError } from '../errors/index.js'
import { RESERVED_NAMES } from '../options/attribute-name.js'

/**
 * The part of an access that the state object uses. Every method but `isReadable` throws where the access has ended or
 * lost its session.
 */
export interface StateAccess {
  get(name: string): unknown
  set(name: string, value: unknown): void
  delete(name: string): void
  /** Whether the attribute exists and is locked. */
  isVisible(name: string): boolean
  visibleNames(): string[]
  /** Whether the attribute is locked. Never throws. */
  isReadable(name: string): boolean
}

/**
 * Promises, JSON.stringify, Jest and others look up these names on every object. An attribute may have such a name. If
 * it is not locked, a read gives undefined and does not throw.
 */
const PROBED: ReadonlySet<string> = new Set([
  'then',
  'toJSON',
  'asymmetricMatch',
  'nodeType',
  '$$typeof',
  '_isMockFunction',
  '@@__IMMUTABLE_ITERABLE__@@',
  '@@__IMMUTABLE_RECORD__@@',
])

const PLAIN: object = {}
const SPECIAL: ReadonlySet<string> = new Set([...RESERVED_NAMES, ...PROBED])

/** Makes the object of `session.state`. To programs it is a plain object of the locked attributes. */
export function stateObject(access: StateAccess): Record<string, unknown> {
  return new Proxy<Record<string, unknown>>(
    new Target(access) as unknown as Record<string, unknown>,
    HANDLER as ProxyHandler<object>,
  )
}

/**
 * The target of the proxy. Node.js shows a proxy by its target, without calling a trap. console.log finds
 * `inspect.custom` here. A failed assertion shows the target's properties: the attributes that were enumerated last,
 * which the assertion compared.
 */
class Target {
  readonly #access: StateAccess

  constructor(access: StateAccess) {
    this.#access = access
  }

  static accessOf(target: Target): StateAccess {
    return target.#access
  }

  // A getter, because Node.js calls the function with the proxy as its receiver.
  get [inspect.custom](): () => object {
    const access = this.#access
    return () => shown(access)
  }
}
// Node.js then shows it like a plain object, without a class name.
Object.defineProperty(Target.prototype, 'constructor', { value: Object })

/** The traps of all state objects. */
class StateHandler implements ProxyHandler<Target> {
  get(target: Target, name: string | symbol): unknown {
    if (typeof name === 'symbol') return undefined
    const access = Target.accessOf(target)
    return SPECIAL.has(name) ? special(access, name) : access.get(name)
  }

  set(target: Target, name: string | symbol, value: unknown): boolean {
    if (typeof name === 'symbol') return false
    Target.accessOf(target).set(name, value)
    return true
  }

  deleteProperty(target: Target, name: string | symbol): boolean {
    if (typeof name === 'symbol') return false
    Target.accessOf(target).delete(name)
    return Reflect.deleteProperty(target, name)
  }

  has(target: Target, name: string | symbol): boolean {
    if (typeof name === 'symbol') return false
    // node:assert asks every object for `stack`, to recognise errors.
    if (name === 'stack' && !Target.accessOf(target).isReadable(name)) return false
    return this.get(target, name) !== undefined
  }

  ownKeys(target: Target): string[] {
    const names = Target.accessOf(target).visibleNames()
    const visible = new Set(names)
    for (const name of Object.keys(target)) if (!visible.has(name)) Reflect.deleteProperty(target, name)
    return names
  }

  getOwnPropertyDescriptor(target: Target, name: string | symbol): PropertyDescriptor | undefined {
    const access = Target.accessOf(target)
    if (typeof name === 'symbol' || !access.isVisible(name)) return undefined
    const property = propertyOf(access, name)
    Object.defineProperty(target, name, property)
    return property
  }

  defineProperty(): boolean {
    return false
  }

  getPrototypeOf(): object {
    return Object.prototype
  }

  setPrototypeOf(): boolean {
    return false
  }

  preventExtensions(): boolean {
    return false
  }
}

const HANDLER = new StateHandler()

/** An attribute that cannot be read does not keep others from being listed: it throws when it is read itself. */
function propertyOf(access: StateAccess, name: string): PropertyDescriptor {
  try {
    return { value: access.get(name), writable: true, enumerable: true, configurable: true }
  } catch {
    return { get: () => access.get(name), enumerable: true, configurable: true }
  }
}

function special(access: StateAccess, name: string): unknown {
  // No attribute can have a reserved name: the answer is that of a plain object.
  if (RESERVED_NAMES.has(name)) return Reflect.get(PLAIN, name)
  return access.isReadable(name) ? access.get(name) : undefined
}

/** A word that is shown in brackets, without quotes. */
class Word {
  constructor(private readonly word: string) {}

  [inspect.custom](): string {
    return `[${this.word}]`
  }
}

/** The form of a state that console.log and the like show. It never throws: logging must not break a program. */
function shown(access: StateAccess): object {
  try {
    return Object.fromEntries(access.visibleNames().map((name) => [name, valueOrProblem(access, name)]))
  } catch (error) {
    return new Word(`ended: ${codeOf(error)}`)
  }
}

function valueOrProblem(access: StateAccess, name: string): unknown {
  try {
    return access.get(name)
  } catch (error) {
    return new Word(codeOf(error))
  }
}

const codeOf = (error: unknown): string => (error instanceof HoldfastError ? error.code : 'unreadable')
