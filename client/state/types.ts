/**
 * A value that cannot be changed through this type. A Date stays a Date: without its setters it could be given to
 * nobody who takes one, and what is locked for reading throws when they are called. Bytes stay bytes: they are a copy.
 */
export type DeepReadonly<T> = T extends (infer E)[]
  ? readonly DeepReadonly<E>[]
  : T extends Map<infer K, infer V>
    ? ReadonlyMap<DeepReadonly<K>, DeepReadonly<V>>
    : T extends Set<infer E>
      ? ReadonlySet<DeepReadonly<E>>
      : T extends Date | Uint8Array | bigint | string | number | boolean | null | undefined
        ? T
        : T extends object
          ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
          : T

export type NameOf<S> = keyof S & string

/** The state of an access that locked the attributes W for writing and R for reading. Any may not exist yet. */
export type LockedState<S, W extends NameOf<S>, R extends NameOf<S>> = { [K in W]?: S[K] } & {
  readonly [K in Exclude<R, W>]?: DeepReadonly<S[K]>
}
