import type { AttributeValue, Item } from '../../protocol/dynamodb.js'
import { num, str } from '../../protocol/dynamodb.js'
import { CorruptRecordError } from '../../protocol/record-fields.js'

const SECRET_VALUE = 'do-not-show-this'
/** Values of every kind but one: a field of that kind must never be taken from them. */
export const wrongKinds = (kind: 'S' | 'N' | 'M' | 'L'): AttributeValue[] =>
  [
    { S: SECRET_VALUE },
    { N: '1' },
    { N: SECRET_VALUE },
    { M: {} },
    { L: [] },
    { BOOL: true },
    { NULL: true } as const,
    { B: Uint8Array.from([1]) },
  ].filter(
    (value) => !(kind in value) || (kind === 'N' && 'N' in value && value.N === SECRET_VALUE),
  ) as AttributeValue[]

/** Expects each of these fields to be refused, by its name and without its value, when it is missing or of another kind. */
export function expectFields(
  read: (item: Item) => unknown,
  item: Item,
  kinds: { readonly [field: string]: 'S' | 'N' | 'M' | 'L' },
) {
  for (const [field, kind] of Object.entries(kinds)) {
    const { [field]: _, ...without } = item
    for (const broken of [without, ...wrongKinds(kind).map((value) => ({ ...item, [field]: value }))]) {
      expect(() => read(broken)).toThrow(CorruptRecordError)
      expect(() => read(broken)).toThrow(`'${field}' should be a`)
      expect(() => read(broken)).not.toThrow(SECRET_VALUE)
    }
  }
}

/** A field that may be missing, but not of another kind. */
export function expectOptional(read: (item: Item) => unknown, item: Item, field: string) {
  for (const value of wrongKinds('N')) expect(() => read({ ...item, [field]: value })).toThrow(CorruptRecordError)
}

/** A record of a version that this one does not know is refused, and so is one whose version is none. */
export function expectSchema(read: (item: Item) => unknown, item: Item) {
  for (const schema of [num(2), num(0), str('1'), { NULL: true } as const]) {
    expect(() => read({ ...item, schema })).toThrow(CorruptRecordError)
  }
}
