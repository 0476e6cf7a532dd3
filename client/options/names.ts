import { LABEL_PATTERN, NAMESPACE_PATTERN } from '../../protocol/keys.js'
import { LABEL_CHARS_MAX, NAMESPACE_CHARS_MAX } from '../../protocol/limits.js'
import { invalid } from './check.js'

export function compileNamespace(namespace: unknown): string {
  if (typeof namespace === 'string' && NAMESPACE_PATTERN.test(namespace)) return namespace
  throw invalid('namespace', `1 to ${NAMESPACE_CHARS_MAX} characters of A-Z a-z 0-9 _ . -`, namespace)
}

export function compileLabel(label: unknown = ''): string {
  if (typeof label === 'string' && LABEL_PATTERN.test(label)) return label
  throw invalid('label', `at most ${LABEL_CHARS_MAX} printable ASCII characters`, label)
}
