import type { LockSpec } from '../attribute-locks/lock-request.js'
import type { ReservedName } from '../options/attribute-name.js'

type Leaf = string | number | bigint | boolean | null | undefined | Date | Uint8Array

/**
 * A value that cannot be changed through this type. A Date stays a Date, because a type without setters would not fit
 * functions that take a Date. The setters of a Date that is locked for reading throw. Bytes stay bytes: they are a
 * copy.
 */
export type DeepReadonly<T> = T extends Leaf
  ? T
  : T extends ReadonlyMap<infer K, infer V>
    ? ReadonlyMap<DeepReadonly<K>, DeepReadonly<V>>
    : T extends ReadonlySet<infer E>
      ? ReadonlySet<DeepReadonly<E>>
      : T extends object
        ? // Over an array or a tuple, this makes a read-only array or tuple of the same shape.
          { readonly [K in keyof T]: DeepReadonly<T[K]> }
        : T

export type NameOf<S> = keyof S & string

/** The state of an access that locked the attributes W for writing and R for reading. Each of them may be missing. */
export type LockedState<S, W extends NameOf<S>, R extends NameOf<S>> = { [K in W]?: Exclude<S[K], undefined> } & {
  readonly [K in Exclude<R, W>]?: DeepReadonly<Exclude<S[K], undefined>>
}

type IsUnion<T, Whole = T> = true extends (T extends unknown ? ([Whole] extends [T] ? false : true) : never)
  ? true
  : false

/** The names that each member of a union of functions `(names: A) => void` takes. */
type Common<Takers> = [Takers] extends [(names: infer A) => void] ? A : never

// Where there is no union, the names are taken from the request directly. Otherwise the compiler could not tell which
// names a generic function locks.

type Names<List> = List extends readonly (infer A)[] ? A : never
type TakerOf<List> = List extends unknown ? (names: Names<List>) => void : never

/**
 * The names that a lock request L has under `key`. Where its list is one of several, or may be missing, these are the
 * names that each of them has. A name of a union type counts as each name of the union.
 */
type NamesIn<L, Key extends 'write' | 'read'> = Key extends keyof L
  ? IsUnion<L[Key]> extends true
    ? Common<TakerOf<L[Key]>>
    : Names<L[Key]>
  : never

type Writes<S, L> = L extends 'all' | { readonly all: 'write' } ? NameOf<S> : NamesIn<L, 'write'> & NameOf<S>
type WriteTakerOf<S, L> = L extends unknown ? (names: Writes<S, L>) => void : never

/** The attributes that a lock request L locks for writing. Where L is a union, each member of it locks them so. */
export type WritesOf<S, L> = IsUnion<L> extends true ? Common<WriteTakerOf<S, L>> & NameOf<S> : Writes<S, L>

type Reads<S, L> = L extends 'all' | { readonly all: 'read' | 'write' } ? NameOf<S> : NamesIn<L, 'read'> & NameOf<S>
type ReadTakerOf<S, L> = L extends unknown ? (names: Writes<S, L> | Reads<S, L>) => void : never

/**
 * The attributes that a lock request L locks for reading. Where L is a union, each member of it locks them, for reading
 * or for writing.
 */
type ReadsOf<S, L> = IsUnion<L> extends true ? Common<ReadTakerOf<S, L>> & NameOf<S> : Reads<S, L>

/**
 * The state of an access with the lock request L. Where L is a union, the state has the rights that all members of it
 * give.
 */
export type StateOf<S, L> = LockedState<S, WritesOf<S, L>, ReadsOf<S, L>>

/**
 * Locks for the attributes of S, as the type of a parameter. The compiler's error names a key that locks do not have,
 * or says that the locks name nothing.
 */
export type Locks<S, L extends LockSpec<NameOf<S>>> = L &
  (L extends string | { readonly all: 'read' | 'write' }
    ? unknown
    : [L[keyof L]] extends [readonly [] | undefined]
      ? "locks must name at least one attribute in 'write' or 'read'"
      : {
          readonly [K in Exclude<
            keyof L,
            'write' | 'read' | 'all'
          >]: `locks may have 'write', 'read' and 'all', not '${K & string}'`
        })

/** Ids of sessions, as the type of a parameter. The compiler's error says that a list is empty. */
export type SomeIds<Ids extends readonly string[]> = Ids &
  (Ids extends readonly [] ? 'accessMany needs at least one id' : unknown)

/**
 * T without values that cannot be stored exactly, as far as types show it: functions, symbols, and instances of
 * classes, because these have methods. The type of such a value becomes a text that says so. The compiler shows this
 * text with the attribute's name.
 */
export type Storable<T> = unknown extends T
  ? T
  : T extends Leaf
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
              : T extends Error
                ? // Plain data may have a name and a message too.
                  keyof Error extends keyof T
                  ? 'an Error cannot be stored'
                  : { [K in keyof T]: Storable<T[K]> }
                : { [K in keyof T]: Storable<T[K]> }

/** The type of an attribute with the name K: its type T, or a text that says why there can be no such attribute. */
type StorableAttribute<K, T> = K extends ReservedName
  ? `an attribute cannot be named '${K}'`
  : unknown extends T
    ? T
    : [T] extends [ReturnType<() => void>]
      ? 'an attribute has a value: undefined cannot be stored'
      : Storable<T>

/**
 * The constraint on the attributes S of a session: each can be stored. A generic function that makes clients is
 * declared with `S extends StorableAttributes<S>`.
 */
export type StorableAttributes<S> = object & { [K in keyof S]: StorableAttribute<K, S[K]> }
