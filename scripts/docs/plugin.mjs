import { JSX } from 'typedoc'
import { drawDiagrams } from './diagrams.mjs'

const HEADING = /^\s*# (.+)\n/

/** Lets TypeDoc name documents by their headings, draw their diagrams, and find what comments link to. */
export function load({ converter, renderer }) {
  drawDiagrams(renderer, { JSX })
  converter.on('createDocument', (_context, document) => {
    const [, title] = HEADING.exec(document.content.map(({ text }) => text).join('')) ?? []
    document.name = title?.replaceAll('`', '') ?? document.name
  })
  // TypeDoc looks for a name in the module that shows the comment, but modules inherit comments of others.
  converter.addUnknownSymbolResolver(({ symbolReference }, { project }, part) => {
    const names = symbolReference?.path?.map(({ path }) => path) ?? []
    const target = part && names.length > 0 ? project.getChildByName(['holdfast', ...names]) : undefined
    return target && { target }
  })
}
