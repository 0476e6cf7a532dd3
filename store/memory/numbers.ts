import { invalid } from './validation.js'

/**
 * DynamoDB's N: a decimal of up to 38 digits. The memory store keeps every N in DynamoDB's own notation, plain and
 * without superfluous zeros, so that equal numbers are equal strings. Apart from client/codec on purpose: see values.ts.
 */

const DIGITS_MAX = 38
const MAGNITUDE_MIN = -130
const MAGNITUDE_MAX = 125
/** A decimal of at most this many characters is told apart, and an integer is exact, as a double. */
const DOUBLE_CHARS_MAX = 15

const SIZE_MAX = 21
const [MINUS, ZERO, NINE] = [0x2d, 0x30, 0x39]

const PLAIN_INTEGER = /^(?:0|-?[1-9]\d{0,14})$/
const DECIMAL = /^([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:[eE]([+-]?\d+))?$/

/** `coefficient` times ten to the power of `exponent`. */
interface Decimal {
  readonly coefficient: bigint
  readonly exponent: number
}

/** A number in DynamoDB's notation. Throws where DynamoDB refuses it. */
export function canonicalN(text: string): string {
  if (PLAIN_INTEGER.test(text)) return text
  const match = DECIMAL.exec(text)
  if (match === null) return invalid('A value provided cannot be converted into a number')
  const [, sign = '', whole = '', fraction = '', bare = '', exponent = '0'] = match
  const decimals = fraction + bare
  return print(sign === '-', whole + decimals, Number(exponent) - decimals.length)
}

export function compareN(a: string, b: string): number {
  if (a === b) return 0
  if (a.length <= DOUBLE_CHARS_MAX && b.length <= DOUBLE_CHARS_MAX) return Number(a) < Number(b) ? -1 : 1
  const { coefficient } = difference(parse(a), parse(b))
  return coefficient < 0n ? -1 : 1
}

export const addN = (a: string, b: string): string =>
  addedAsDoubles(a, b, 1) ?? printDecimal(difference(parse(a), negated(parse(b))))

export const subtractN = (a: string, b: string): string =>
  addedAsDoubles(a, b, -1) ?? printDecimal(difference(parse(a), parse(b)))

/** The size of an N, as DynamoDB counts it: one byte, one for each pair of digits, and one for a minus. */
export function sizeOfN(canonical: string): number {
  if (canonical === '0') return 1
  const signs = canonical.charCodeAt(0) === MINUS ? 1 : 0
  const point = canonical.indexOf('.')
  const end = point === -1 ? canonical.length : point
  let [first, last] = [signs, canonical.length - 1]
  while (!isNonZeroDigit(canonical.charCodeAt(first))) first += 1
  while (!isNonZeroDigit(canonical.charCodeAt(last))) last -= 1
  // Pairs are counted from the point, from the first to the last digit that is not zero.
  const powerAt = (index: number) => (index < end ? end - 1 - index : end - index)
  const pairs = Math.floor(powerAt(first) / 2) - Math.floor(powerAt(last) / 2) + 1
  return Math.min(1 + pairs + signs, SIZE_MAX)
}

const isNonZeroDigit = (code: number): boolean => code > ZERO && code <= NINE

function addedAsDoubles(a: string, b: string, sign: 1 | -1): string | undefined {
  if (a.length > DOUBLE_CHARS_MAX || b.length > DOUBLE_CHARS_MAX) return undefined
  const [left, right] = [Number(a), Number(b)]
  if (!Number.isInteger(left) || !Number.isInteger(right)) return undefined
  // Twice 15 digits stay far below 2^53. The zero turns -0 into 0.
  return String(left + sign * right + 0)
}

function parse(canonical: string): Decimal {
  const [whole = '', fraction = ''] = canonical.split('.')
  return { coefficient: BigInt(whole + fraction), exponent: -fraction.length }
}

const negated = ({ coefficient, exponent }: Decimal): Decimal => ({ coefficient: -coefficient, exponent })

function difference(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent)
  const scaled = (value: Decimal) => value.coefficient * 10n ** BigInt(value.exponent - exponent)
  return { coefficient: scaled(a) - scaled(b), exponent }
}

const printDecimal = ({ coefficient, exponent }: Decimal): string =>
  coefficient < 0n ? print(true, String(-coefficient), exponent) : print(false, String(coefficient), exponent)

function print(isNegative: boolean, allDigits: string, allExponent: number): string {
  const significant = allDigits.replace(/^0+/, '')
  const digits = significant.replace(/0+$/, '')
  if (digits === '') return '0'
  const exponent = allExponent + significant.length - digits.length
  const magnitude = digits.length + exponent - 1
  if (magnitude > MAGNITUDE_MAX) invalid('Number overflow')
  if (magnitude < MAGNITUDE_MIN) invalid('Number underflow')
  if (digits.length > DIGITS_MAX) invalid(`DynamoDB only supports precision up to ${DIGITS_MAX} digits`)
  return (isNegative ? '-' : '') + placePoint(digits, exponent)
}

function placePoint(digits: string, exponent: number): string {
  if (exponent >= 0) return digits + '0'.repeat(exponent)
  const point = digits.length + exponent
  return point > 0 ? `${digits.slice(0, point)}.${digits.slice(point)}` : `0.${'0'.repeat(-point)}${digits}`
}
