/**
 * The bytes of a text as UTF-8, without making them. A surrogate that stands alone counts as U+FFFD, which takes its
 * place when it is encoded.
 */
export function utf8Bytes(text: string): number {
  let bytes = 0
  for (let index = 0; index < text.length; index += 1) {
    const point = text.codePointAt(index) as number
    if (point < 0x80) bytes += 1
    else if (point < 0x800) bytes += 2
    else if (point < 0x1_0000) bytes += 3
    else {
      bytes += 4
      // A pair of surrogates is one character.
      index += 1
    }
  }
  return bytes
}
