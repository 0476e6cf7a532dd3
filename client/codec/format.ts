/**
 * What a JavaScript value looks like in DynamoDB.
 *
 * | value | stored as |
 * |---|---|
 * | null, a boolean, a string | NULL, BOOL, S |
 * | a number | N, or `{$number: S}` for what N would change: -0 and magnitudes outside 1e-130 to 1e126 |
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

/** DynamoDB's own limit is counted in bytes and differs between places; this is well below it everywhere. */
const MAP_NAME_CHARS_MAX = 255

/** What every object inherits: assigning such a name may run a setter or, where prototypes are frozen, throw. */
const INHERITED: object = {}

/**
 * Whether a name may stand in an M: DynamoDB takes it, and setting it on an object just sets it. (`__proto__` is
 * inherited as well, save under `node --disable-proto=delete`; other processes may run without.)
 */
export const suitsMap = (name: string): boolean =>
  name !== '' && name.length <= MAP_NAME_CHARS_MAX && name !== '__proto__' && !(name in INHERITED)

/**
 * How many L and M may lie inside one another in an attribute, itself included. DynamoDB allows 32 levels: `attrs`
 * takes one, and what is in the innermost list or map another. An array or a plain object takes one level, as does
 * each tagged scalar; a Map, a Set and an object that is not stored as an M take two.
 */
export const ENCODED_LEVELS_MAX = 30

/** Far beyond any key or amount, and small enough to be printed and parsed in well under a millisecond. */
export const BIGINT_DIGITS_MAX = 10_000
