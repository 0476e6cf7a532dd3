import { inspect } from 'node:util'

/** Texts by the place where they were seen, and what must not be in them. */
export class Places {
  private readonly texts = new Map<string, string[]>()

  /** A value of any kind, as a log would show it, and as JSON has it. */
  add(place: string, seen: unknown): void {
    const texts = this.texts.get(place) ?? []
    this.texts.set(place, texts)
    if (typeof seen === 'string') texts.push(seen)
    else
      texts.push(
        inspect(seen, { depth: 20, maxStringLength: null, maxArrayLength: null, showHidden: true }),
        asJson(seen),
      )
  }

  /** The places with the characters that were searched in each. */
  get searched(): ReadonlyMap<string, number> {
    return new Map([...this.texts].map(([place, texts]) => [place, texts.reduce((sum, { length }) => sum + length, 0)]))
  }

  /** The places where one of these was found, in any form that a log, a URL or a record may give it. */
  find(canaries: Readonly<Record<string, string>>): string[] {
    return [...this.texts].flatMap(([place, texts]) =>
      Object.entries(canaries)
        .filter(([, canary]) => texts.some((text) => formsOf(canary).some((form) => text.includes(form))))
        .map(([name]) => `${name} in ${place}`),
    )
  }
}

/** In base64 only the middle of a text looks the same, and in one of three ways. */
function formsOf(canary: string): readonly string[] {
  const bytes = Buffer.from(canary)
  const inBase64 = [0, 1, 2].map((skipped) =>
    bytes.subarray(skipped).toString('base64').slice(0, -4).replace(/=+$/, ''),
  )
  return [canary, encodeURIComponent(canary), bytes.toString('hex'), bytes.join(','), bytes.join(', '), ...inBase64]
}

function asJson(seen: unknown): string {
  try {
    return JSON.stringify(seen) ?? ''
  } catch {
    return ''
  }
}
