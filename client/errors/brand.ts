interface ErrorType {
  readonly name: string
  readonly prototype: object
}

/** Two copies of the package in one process have two classes of one name: the brand, found by name, joins them. */
export const brandOf = (type: { readonly name: string }): symbol => Symbol.for(`holdfast.error.${type.name}`)

/** Marks an error as one of this type, and of the types that this one extends. */
export function brand(error: object, type: ErrorType): void {
  for (let each = type; each.name !== 'Error'; each = Object.getPrototypeOf(each)) {
    Object.defineProperty(error, brandOf(each), { value: true })
  }
}

/** Makes an error that has come from another thread one of this type. */
export function become(error: Error, type: ErrorType): void {
  Object.setPrototypeOf(error, type.prototype)
  error.name = type.name
  brand(error, type)
}
