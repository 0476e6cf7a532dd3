/** A text, cut between two characters and with a sign of that, where it has no room. `widthOf` measures it. */
export function fitted(text: string, width: number, widthOf: (text: string) => number): string {
  if (widthOf(text) <= width) return text
  const parts = Array.from(text)
  let [low, high] = [0, parts.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (widthOf(`${parts.slice(0, middle).join('')}…`) <= width) low = middle
    else high = middle - 1
  }
  return `${parts.slice(0, low).join('')}…`
}
