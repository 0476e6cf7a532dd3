import type { AttributeValue } from '../../protocol/dynamodb.js'
import type { SessionRecord } from '../../protocol/state/record.js'
import { isInGeneration, LISTS, type ListName, wideNames } from './attributes.js'
import type { ExecutedCounts } from './executed.js'
import type { Judge } from './judge.js'

type Attributes = { readonly [name: string]: AttributeValue }

/** The attributes beside the lists: each follows from the lists, or from the others that were committed with it. */
export class AttributesWatch {
  /** The sessions, with the epoch, in which somebody read under a write lock what its schema migrates. */
  private readonly migrating = new Set<string>()

  constructor(
    private readonly judge: Judge,
    private readonly executed: ExecutedCounts,
  ) {}

  mayMigrate(session: string, epoch: number): void {
    this.migrating.add(`${session} ${epoch}`)
  }

  /** Checks what a write left in a session. `before` is undefined where the session was started afresh. */
  wrote(session: string, before: Attributes | undefined, { attrs = {}, fence }: SessionRecord): void {
    for (const list of LISTS) {
      const tokens = listOf(attrs, list)
      const last = attrs[`last${list}`]
      const lastIs = last !== undefined && 'S' in last ? last.S : undefined
      if (lastIs !== (tokens.length % 2 === 1 ? tokens.at(-1) : undefined))
        this.judge.violate('6', `a list of ${tokens.length} has the last value '${lastIs}'`)
      this.checkForm(`${session} ${fence}`, before?.[`form${list}`], attrs[`form${list}`], tokens.length)
    }
    this.checkWide(attrs)
  }

  /** A schema's output is stored only with a change, or where an access has read it to change it. */
  private checkForm(
    hold: string,
    before: AttributeValue | undefined,
    after: AttributeValue | undefined,
    length: number,
  ): void {
    const was = formOf(before)
    const is = formOf(after)
    if ((is?.size ?? 0) !== length) this.judge.violate('6', `a list of ${length} has the form of ${is?.size}`)
    if (was?.size !== is?.size || was?.v === is?.v) return
    this.executed.hit('schema migrates what is stored')
    if (is?.v !== 2) this.judge.violate('6', 'the shape of the version before came back without a change')
    if (!this.migrating.has(hold))
      this.judge.violate('6', "a schema's output was stored, and nobody read it to change it")
  }

  /** All are of one generation, and those are missing that it leaves out. */
  private checkWide(attrs: Attributes): void {
    let generation: number | undefined
    const present = new Set<number>()
    for (const name of Object.keys(attrs)) {
      if (!name.startsWith('wide')) continue
      const value = attrs[name]
      const is = value !== undefined && 'N' in value ? Number(value.N) : 0
      generation ??= is
      if (is !== generation) return this.judge.violate('6', `a commit of many attributes left ${is} and ${generation}`)
      present.add(Number(name.slice(4)))
    }
    if (generation === undefined) return
    for (const index of wideNames.keys()) {
      if (present.has(index) !== isInGeneration(index, generation))
        return this.judge.violate('6', 'a commit of many attributes lost one, or a deletion')
    }
  }
}

export const listOf = (attrs: Attributes | undefined, list: ListName): string[] => {
  const value = attrs?.[`list${list}`]
  return value !== undefined && 'L' in value ? value.L.map((token) => ('S' in token ? token.S : '')) : []
}

export const countOf = (attrs: Attributes, list: ListName): number => numberIn(attrs[`count${list}`]) ?? 0

const numberIn = (value: AttributeValue | undefined): number | undefined =>
  value !== undefined && 'N' in value ? Number(value.N) : undefined

function formOf(value: AttributeValue | undefined): { readonly v: number; readonly size: number } | undefined {
  if (value === undefined || !('M' in value)) return undefined
  return { v: numberIn(value.M.v) ?? 0, size: numberIn(value.M.size ?? value.M.n) ?? 0 }
}
