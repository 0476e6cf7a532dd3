import type { LockSpec } from '../attribute-locks/lock-request.js'

/**
 * A value that cannot be changed through this type. A Date stays a Date, because a type without setters would not fit
 * functions that take a Date. The setters of a Date that is locked for reading throw. Bytes stay bytes: they are a
 * copy.
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

/** The state of an access that locked the attributes W for writing and R for reading. Each of them may be missing. */
export type LockedState<S, W extends NameOf<S>, R extends NameOf<S>> = { [K in W]?: Exclude<S[K], undefined> } & {
  readonly [K in Exclude<R, W>]?: DeepReadonly<Exclude<S[K], undefined>>
}

type NamesIn<L, K extends 'write' | 'read'> = K extends keyof L
  ? NonNullable<L[K]> extends readonly (infer A)[]
    ? A
    : never
  : never

/** The attributes that a lock request L locks for writing. */
export type WritesOf<S, L> = L extends 'all' | { readonly all: 'write' } ? NameOf<S> : NamesIn<L, 'write'> & NameOf<S>

/** The state of an access with the lock request L. */
export type StateOf<S, L> = LockedState<
  S,
  WritesOf<S, L>,
  L extends { readonly all: 'read' } ? NameOf<S> : NamesIn<L, 'read'> & NameOf<S>
>

/**
 * Locks for the attributes of S, as the type of a parameter. The compiler's error names a key that locks do not have.
 */
export type Locks<S, L extends LockSpec<NameOf<S>>> = L &
  (L extends string
    ? unknown
    : {
        readonly [K in Exclude<
          keyof L,
          'write' | 'read' | 'all'
        >]: `locks may have 'write', 'read' and 'all', not '${K & string}'`
      })

/**
 * T without values that cannot be stored exactly, as far as types show it: functions, symbols, and instances of
 * classes, because these have methods. The type of such a value becomes a text that says so. The compiler shows this
 * text with the attribute's name.
 */
export type Storable<T> = unknown extends T
  ? T
  : T extends string | number | bigint | boolean | null | undefined | Date | Uint8Array
    ? T
    : T extends symbol
      ? 'a symbol cannot be stored'
      : T extends ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown)
        ? 'a function, or an object with methods, cannot be stored'
        : T extends ReadonlyMap<infer K, infer V>
          ? ReadonlyMap<Storable<K>, Storable<V>>
          : T extends ReadonlySet<infer E>
            ? ReadonlySet<Storable<E>>
            : T extends readonly (infer E)[]
              ? readonly Storable<E>[]
              : { [K in keyof T]: Storable<T[K]> }

/**
 * The constraint on the attributes S of a session: each can be stored. A generic function that makes clients is
 * declared with `S extends StorableAttributes<S>`.
 */
export type StorableAttributes<S> = object & { [K in keyof S]: Storable<S[K]> }
