/**
 * How each JavaScript value is stored in DynamoDB.
 *
 * | value | stored as |
 * |---|---|
 * | null, a boolean, a string | NULL, BOOL, S |
 * | a number | N, or `{$number: S}` for numbers that an N would change: -0 and magnitudes outside 1e-130 to 1e126 |
 * | a bigint | `{$bigint: S}`, in decimal |
 * | a Uint8Array, a Buffer | B, `{$buffer: B}` |
 * | a Date | `{$date: N}`, in milliseconds |
 * | an array | L |
 * | a Map, a Set | `{$map: L}` of key, value, key, value...; `{$set: L}` |
 * | a plain object | M, or `{$object: L}` of name, value, name, value... where a name does not suit an M |
 * | an object without a prototype | `{$dict: L}` of name, value, name, value... |
 *
 * An M with a single name that starts with `$` is always a tag: a plain object of that shape is stored as `$object`.
 */
export const TAG = {
  number: '$number',
  bigint: '$bigint',
  buffer: '$buffer',
  date: '$date',
  map: '$map',
  set: '$set',
  object: '$object',
  dict: '$dict',
} as const

/** Whether an M with only this name is a tag. */
export const isTagName = (name: string): boolean => name.startsWith('$')

/** DynamoDB limits names in bytes, and differently in different places. This limit is well below all of them. */
const MAP_NAME_CHARS_MAX = 255

/**
 * For the names that every object inherits: an assignment to one may run a setter or, where prototypes are frozen,
 * throw.
 */
const INHERITED: object = {}

/**
 * Whether a name may stand in an M: DynamoDB accepts it, and an assignment to it makes an ordinary property. (Objects
 * inherit `__proto__` as well, except under `node --disable-proto=delete`. It is checked by name, because other
 * processes may run without that flag.)
 */
export const suitsMap = (name: string): boolean =>
  name !== '' && name.length <= MAP_NAME_CHARS_MAX && name !== '__proto__' && !(name in INHERITED)

/**
 * How many L and M may lie inside one another in an attribute, the attribute's own value included. DynamoDB allows 32
 * levels: `attrs` takes one, and the contents of the innermost list or map take another. An array, a plain object and a
 * tagged scalar each take one level. A Map, a Set and an object that is not stored as a plain M each take two.
 */
export const ENCODED_LEVELS_MAX = 30

/** Far beyond any key or amount, and small enough to be printed and parsed in well under a millisecond. */
export const BIGINT_DIGITS_MAX = 10_000
