/** Whether `text` fits a pattern with `*` for any characters and `?` for one. */
export function matches(pattern: string, text: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === text
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text)
}

/** The same for an ARN, each of whose six parts is compared by itself: no wildcard reaches over a colon into the next. */
export function matchesArn(pattern: string, arn: string): boolean {
  if (pattern === '*') return true
  const parts = partsOf(arn)
  return partsOf(pattern).every((part, index) => matches(part, parts[index] ?? ''))
}

/** The last part may have colons of its own. */
function partsOf(arn: string): readonly string[] {
  const parts = arn.split(':')
  return [...parts.slice(0, 5), parts.slice(5).join(':')]
}
