const HEADING = /^\s*# (.+)\n/

/** Lets TypeDoc name documents by their headings, and find what comments link to. */
export function load({ converter }) {
  converter.on('createDocument', (_context, document) => {
    const [first] = document.content
    const [whole = '', title = document.name] = HEADING.exec(first?.text ?? '') ?? []
    document.name = title
    if (first !== undefined) first.text = first.text.slice(whole.length)
  })
  // TypeDoc looks for a name in the module that shows the comment, but modules inherit comments of others.
  converter.addUnknownSymbolResolver(({ symbolReference }, { project }, part) => {
    const names = symbolReference?.path?.map(({ path }) => path) ?? []
    const target = part && names.length > 0 ? project.getChildByName(['holdfast', ...names]) : undefined
    return target && { target }
  })
}
