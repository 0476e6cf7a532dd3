/**
 * DynamoDB's N is a decimal of up to 38 digits. DynamoDB returns it in another notation: it returns "1e+21" as
 * "1000000000000000000000". String() gives the shortest decimal of a double, which always has fewer digits than that.
 */

const N_LEAST = 1e-130
const N_LIMIT = 1e126

/** Whether an N returns this finite number unchanged: N has a narrower range than a double, and no -0. */
export function fitsN(value: number): boolean {
  const magnitude = Math.abs(value)
  return (magnitude >= N_LEAST && magnitude < N_LIMIT) || Object.is(value, 0)
}

/** A decimal as 0.`digits` times ten to the power of `point`, without zeros at either end of `digits`. */
interface Decimal {
  readonly negative: boolean
  readonly digits: string
  readonly point: number
}

const DECIMAL_PATTERN = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

function parseDecimal(text: string): Decimal | undefined {
  const match = DECIMAL_PATTERN.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const all = whole + fraction
  let start = 0
  while (start < all.length && all[start] === '0') start += 1
  if (start === all.length) return { negative: false, digits: '', point: 0 }
  let end = all.length
  while (all[end - 1] === '0') end -= 1
  return { negative: sign !== '', digits: all.slice(start, end), point: whole.length - start + Number(exponent) }
}

/** Whether two N mean the same number, however they are written. */
export function equalN(a: string, b: string): boolean {
  if (a === b) return true
  const left = parseDecimal(a)
  const right = parseDecimal(b)
  if (left === undefined || right === undefined) return false
  return left.digits === right.digits && left.point === right.point && left.negative === right.negative
}

/** The number that an N stands for, or undefined where no double is exactly that number. */
export function readN(text: string): number | undefined {
  const value = Number(text)
  if (!Number.isFinite(value)) return undefined
  if (String(value) === text) return value
  // String() prints no double as "-0": an N of "-0" means 0.
  return equalN(text, String(value)) ? value + 0 : undefined
}

const N_SIZE_MAX = 21
const [MINUS, DOT, ZERO, NINE] = [0x2d, 0x2e, 0x30, 0x39]

/**
 * The bytes that DynamoDB counts for an N: one, one for each pair of digits, and one for a minus. Pairs are counted
 * from the decimal point, between the first and the last digit that is not zero. It runs for every number that is
 * written, so it makes no parsed form of the text.
 */
export function sizeOfN(text: string): number {
  let digits = 0
  let point = -1
  let first = -1
  let last = -1
  let exponent = 0
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code >= ZERO && code <= NINE) {
      if (code !== ZERO) {
        if (first === -1) first = digits
        last = digits
      }
      digits += 1
    } else if (code === DOT) {
      point = digits
    } else if (code !== MINUS) {
      exponent = Number(text.slice(index + 1))
      break
    }
  }
  if (first === -1) return 1
  const scale = (point === -1 ? digits : point) + exponent
  const pairs = Math.floor((scale - first - 1) / 2) - Math.floor((scale - last - 1) / 2) + 1
  return Math.min(1 + pairs + (text.charCodeAt(0) === MINUS ? 1 : 0), N_SIZE_MAX)
}
