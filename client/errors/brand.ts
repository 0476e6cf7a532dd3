/** A class of errors. It may be abstract, and its constructor may take anything. */
interface ErrorType {
  readonly prototype: object
}

/** The property of an error that lists the names of its types, its own first. All copies of the package know it. */
const TYPES = Symbol.for('holdfast.error.types')

/**
 * The fixed names of the types. `Function.name` is no substitute: a minifier renames classes, and may give one name to
 * several of them.
 */
const names = new WeakMap<object, string>()

/** Gives a type its name, which is the same in all copies of the package and in every bundle. */
export function nameType(type: ErrorType, name: string): void {
  names.set(type, name)
}

/** The fixed name of this type itself. It is undefined for a class of an application, also for one that extends ours. */
export const nameOf = (type: ErrorType): string | undefined => names.get(type)

/** Marks an error as one of this type, and of the types that this one extends. */
export function brand(error: object, type: ErrorType): void {
  const types: string[] = []
  for (let each: ErrorType | null = type; each !== null; each = Object.getPrototypeOf(each)) {
    const name = nameOf(each)
    if (name !== undefined) types.push(name)
  }
  Object.defineProperty(error, TYPES, { value: Object.freeze(types) })
}

/** The names of the types of an error, its own first. There are none where it is not an error of this package. */
export function typesOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null || !(TYPES in value)) return []
  return Array.isArray(value[TYPES]) ? value[TYPES] : []
}

/** Gives this type to an error from another thread. */
export function become(error: Error, type: ErrorType): void {
  Object.setPrototypeOf(error, type.prototype)
  brand(error, type)
}
