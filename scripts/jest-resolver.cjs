// Our sources import each other as `./x.js`, as Node.js wants it, where only `./x.ts` exists.
const { sep } = require('node:path')

module.exports = (request, options) => {
  const ours = /^\.\.?\//.test(request) && !options.basedir.includes(`${sep}node_modules${sep}`)
  if (ours && /\.c?js$/.test(request)) {
    try {
      return options.defaultResolver(request.replace(/js$/, 'ts'), options)
    } catch {
      // A JavaScript file after all.
    }
  }
  return options.defaultResolver(request, options)
}
