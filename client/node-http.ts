/**
 * `node:http`, less its cost: where an ES module imports it, Node.js 24 loads all that it can export, which takes some
 * 30 ms. `fetch` is part of it.
 */
export const nodeHttp = process.getBuiltinModule('node:http')
