import { taken } from './cpu.js'

/** Imports the modules that it is given, and prints what that took. */
console.log(
  JSON.stringify(
    await taken(async () => {
      for (const name of process.argv.slice(2)) await import(name)
    }),
  ),
)
