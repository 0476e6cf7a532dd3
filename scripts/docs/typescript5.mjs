// TypeDoc reads sources with the compiler's JavaScript interface, which TypeScript 7 does not have.
import { register } from 'node:module'

const hooks = `export const resolve = (specifier, context, next) =>
  next(specifier === 'typescript' ? 'typescript5' : specifier, context)`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
