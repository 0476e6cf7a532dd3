const CHARS_MAX = 32
const WORD_CHARS_MAX = 15
const [LOWER, UPPER] = ['[\\p{Ll}\\p{Lo}]', '\\p{Lu}']
const FIRST = `(?:${UPPER}?${LOWER}{1,${WORD_CHARS_MAX}}|${UPPER}{1,${WORD_CHARS_MAX}}(?!\\p{L}))`
const NEXT = [
  `_?${UPPER}${LOWER}{1,${WORD_CHARS_MAX}}`,
  `_${LOWER}{1,${WORD_CHARS_MAX}}`,
  `_?${UPPER}{2,${WORD_CHARS_MAX}}(?!\\p{L})`,
].join('|')
const NAME = new RegExp(`^[$_]*${FIRST}(?:${NEXT}){0,3}(?:_?\\d{1,2})?[$_]*$`, 'u')

/**
 * Whether a text reads as a name in a program: at most 32 characters, of up to four words as in `lineItems`,
 * `line_items` or `LINE_ITEMS`, perhaps with a number of one or two digits at the end. An id of random characters does
 * not, and neither does a mail address. Errors show no other text that may come from an application's data.
 */
export const readsAsName = (text: string): boolean => text.length <= CHARS_MAX && NAME.test(text)

/** A key of an object as an error may show it: a plain object may be a dictionary, whose keys are data, even ids. */
export const shownKey = (key: string): string => (readsAsName(key) ? `'${key}'` : '[string]')
