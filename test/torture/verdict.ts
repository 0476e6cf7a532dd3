import type { Book, Entry } from './ledger.js'
import { LISTS, type ListName, type State } from './messages.js'

/**
 * Finds the faults of a session: compares its last state with all that its servers were told. It knows nothing of how
 * the protocol works: only what a session store may and may not do.
 */
export function verdictOf(book: Book, state: Partial<State>): string[] {
  const problems = LISTS.flatMap((list) => {
    const tokens = state[`list${list}`] ?? []
    return [
      ...checkCounter(tokens, state[`count${list}`] ?? 0),
      ...checkTokens(book, list, tokens),
      ...checkEntries(book, list, tokens),
      ...checkOrder(book, tokens),
      ...checkEpochs(book, tokens),
      ...checkLooks(book, list, tokens),
    ]
  })
  return problems
}

function checkCounter(tokens: readonly string[], count: number): string[] {
  return tokens.length === count ? [] : [`a list of ${tokens.length} has the count ${count}`]
}

/** Everything that is there was tried, here, once, and was not said to have failed. */
function checkTokens(book: Book, list: ListName, tokens: readonly string[]): string[] {
  return tokens.flatMap((token, index) => {
    const entry = book.entries.get(token)
    if (entry?.list !== list) return [`'${token}' is at ${index}, and nobody put it there`]
    if (tokens.indexOf(token) !== index) return [`'${token}' is there twice`]
    if (entry.outcome === 'failed') return [`'${token}' is at ${index}, and had failed without effect`]
    if (entry.outcome === 'running') return [`'${token}' has not ended`]
    return []
  })
}

/** Everything acknowledged, and everything that was to be written behind, is where its access put it. */
function checkEntries(book: Book, list: ListName, tokens: readonly string[]): string[] {
  return [...book.entries.values()].flatMap((entry) => {
    if (entry.list !== list || !book.owes(entry) || tokens[entry.index] === entry.token) return []
    const what = entry.outcome === 'weak' ? 'was to be written behind' : 'was acknowledged'
    return [`'${entry.token}' ${what} at ${entry.index} of ${tokens.length}, where ${tokens[entry.index]} is`]
  })
}

/** A value that was acknowledged before another access was called comes before that access's value. */
function checkOrder(book: Book, tokens: readonly string[]): string[] {
  let latest: Entry | undefined
  for (const token of tokens) {
    const entry = book.entries.get(token)
    if (entry === undefined) continue
    if (entry.outcome === 'acknowledged' && latest !== undefined && latest.calledAtMs > entry.endedAtMs) {
      return [`'${latest.token}' came before '${token}', which was acknowledged before it was called`]
    }
    if (latest === undefined || entry.calledAtMs > latest.calledAtMs) latest = entry
  }
  return []
}

/** Epochs rise along a list, and each belongs to one process. */
function checkEpochs(book: Book, tokens: readonly string[]): string[] {
  const holders = new Map<number, string>()
  let highest = 0
  for (const token of tokens) {
    const entry = book.entries.get(token)
    // Nobody knows the epoch of a value whose process was killed before it reported it.
    if (entry === undefined || entry.epoch === 0) continue
    const { epoch, by } = entry
    if (epoch < highest) return [`'${token}' of epoch ${epoch} came after one of epoch ${highest}`]
    const holder = holders.get(epoch)
    if (holder !== undefined && holder !== by) return [`${by} and ${holder} wrote under one epoch, ${epoch}`]
    holders.set(epoch, by)
    highest = epoch
  }
  return []
}

/** Readers saw a beginning of the present list, with all values acknowledged before they were called. */
function checkLooks(book: Book, list: ListName, tokens: readonly string[]): string[] {
  const differs = book.seen[list].findIndex((token, index) => token !== tokens[index])
  if (differs >= 0) return [`a reader saw '${book.seen[list][differs]}' at ${differs}, where ${tokens[differs]} is`]
  const acknowledged = [...book.entries.values()].filter(
    (entry) => entry.list === list && entry.outcome === 'acknowledged',
  )
  for (const { list: looked, length, calledAtMs } of book.looks) {
    if (looked !== list) continue
    const missed = acknowledged.find(({ endedAtMs, index }) => endedAtMs < calledAtMs && index >= length)
    if (missed === undefined) continue
    const what = length === 0 ? 'an empty list' : `${length} values`
    return [`a reader saw ${what}, without '${missed.token}' that was acknowledged before it was called`]
  }
  return []
}
