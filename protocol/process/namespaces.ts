import { NAMESPACE_PATTERN, type SessionKey } from '../keys.js'

/**
 * The namespaces of each principal that is confined to some. A principal that is not among these may use all, as every
 * role does that the deployment does not confine.
 */
export type Namespaces = ReadonlyMap<string, ReadonlySet<string>>

/** Reads `[[principal, [namespace, …]], …]`. Throws for anything else: it must not be taken for no confinement. */
export function readNamespaces(text: string): Namespaces {
  const entries: unknown = JSON.parse(text)
  if (!Array.isArray(entries) || !entries.every(isEntry)) throw new Error('the namespaces of principals are malformed')
  return new Map(entries.map(([principal, names]) => [principal, new Set(names)]))
}

function isEntry(entry: unknown): entry is readonly [string, readonly string[]] {
  if (!Array.isArray(entry) || entry.length !== 2) return false
  const [principal, names] = entry as readonly unknown[]
  const isName = (name: unknown) => typeof name === 'string' && NAMESPACE_PATTERN.test(name)
  return typeof principal === 'string' && principal !== '' && Array.isArray(names) && names.every(isName)
}

/** Whether a session lies within these namespaces; all do where there are none to confine to. */
export const isWithin = (names: ReadonlySet<string> | undefined, session: SessionKey): boolean =>
  names === undefined || names.has(session.slice(0, session.indexOf('#')))
