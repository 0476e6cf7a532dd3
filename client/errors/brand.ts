interface ErrorType {
  readonly name: string
  readonly prototype: object
}

/** Two copies of the package in one process have two classes of the same name. Both find this symbol by that name. */
export const brandOf = (type: { readonly name: string }): symbol => Symbol.for(`holdfast.error.${type.name}`)

/** Marks an error as one of this type, and of the types that this one extends. */
export function brand(error: object, type: ErrorType): void {
  for (let each = type; each.name !== 'Error'; each = Object.getPrototypeOf(each)) {
    Object.defineProperty(error, brandOf(each), { value: true })
  }
}

/** Gives this type to an error from another thread. */
export function become(error: Error, type: ErrorType): void {
  Object.setPrototypeOf(error, type.prototype)
  error.name = type.name
  brand(error, type)
}
