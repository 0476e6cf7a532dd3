import type { Schemas } from '../../client/options/schemas.js'

/** A session's two lists, each under attribute locks of its own, with attributes beside it that follow from it. */
export type ListName = 'A' | 'B'
export const LISTS: readonly ListName[] = ['A', 'B']

/** How many values a list had when it was last changed: in the shape of the application's version before, and as now. */
export type FormerForm = { v: 1; n: number }
export type Form = { v: 2; size: number }

type Beside<L extends ListName> = {
  [N in `list${L}`]: string[]
} & { [N in `count${L}`]: number } & {
  /** The last value of a list of odd length. It is deleted where the length is even. */
  [N in `last${L}`]: string
} & { [N in `form${L}`]: Form }

/** Attributes that one access changes and commits again and again. The schema refuses one value of them. */
export const NOTES = ['note0', 'note1'] as const
export type Note = (typeof NOTES)[number]
export const REFUSED_NOTE = 'refused'

/** A session's attributes. */
export type State = Beside<'A'> & Beside<'B'> & { [N in Note]: string }

export const locksFor = <L extends ListName>(list: L) =>
  ({ write: [`list${list}`, `count${list}`, `last${list}`, `form${list}`] }) as const

export const readLocksFor = <L extends ListName>(list: L) => ({ read: locksFor(list).write })

/**
 * More attributes than one commit can name, which only accesses to whole sessions use. In each generation all have its
 * number, and some are missing.
 */
const WIDE_ATTRIBUTES = 120
const LEFT_OUT_EACH = 7

export const isInGeneration = (index: number, generation: number): boolean =>
  index < WIDE_ATTRIBUTES && (index + generation) % LEFT_OUT_EACH !== 0

export const wideNames: readonly string[] = Array.from({ length: WIDE_ATTRIBUTES }, (_, index) => `wide${index}`)

export type Wide = { [name: string]: number }

/** The schemas of the present version: they also take the shape of the version before, and give the present one. */
export const SCHEMAS: Schemas<Partial<State>> = {
  formA: formSchema(),
  formB: formSchema(),
  note0: noteSchema(),
  note1: noteSchema(),
}

function formSchema() {
  return {
    '~standard': {
      version: 1,
      vendor: 'simulation',
      validate: (value: unknown) => {
        const form = value as FormerForm | Form
        if (form?.v === 2 && Number.isInteger(form.size)) return { value: form }
        if (form?.v === 1 && Number.isInteger(form.n)) return { value: { v: 2, size: form.n } satisfies Form }
        return { issues: [{ message: 'expected a form of version 1 or 2' }] }
      },
    },
  } as const
}

function noteSchema() {
  return {
    '~standard': {
      version: 1,
      vendor: 'simulation',
      validate: (value: unknown) =>
        value === REFUSED_NOTE ? { issues: [{ message: 'expected another note' }] } : { value: value as string },
    },
  } as const
}
