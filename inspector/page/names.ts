import type { Picture } from '../model/picture.js'
import type { NameOf } from '../model/words.js'

/** Colours of processes, in styles/tokens.css. */
const COLOURS = 8

/** The colour of each label, by the order in which they came. Processes of one server, one after another, share it. */
const colours = new Map<string, number>()

function indexOf(label: string): number {
  const known = colours.get(label)
  if (known !== undefined) return known
  const index = colours.size % COLOURS
  colours.set(label, index)
  return index
}

/** A process as people know it: its label, or the first characters of its id. */
export const namesIn =
  (picture: Picture): NameOf =>
  (process) => {
    if (process === undefined) return 'a process'
    const label = picture.processes.get(process)?.record.label
    return label === undefined || label === '' ? process : label
  }

/** The name of a custom property. */
export const colourOf = (picture: Picture, process: string | undefined): string =>
  process === undefined ? '--nobody' : `--p${indexOf(picture.processes.get(process)?.record.label ?? process)}`

export const colourClass = (picture: Picture, process: string | undefined): string =>
  process === undefined ? 'c-nobody' : `c-${indexOf(picture.processes.get(process)?.record.label ?? process)}`
