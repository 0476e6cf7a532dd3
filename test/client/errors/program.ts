import { pathToFileURL } from 'node:url'
import type * as Client from '../../../client/index.js'
import type * as Wire from '../../../client/worker/wire-error.js'
import { oneOfEach } from './each.js'

/** Everything that {@link report} found out, with the errors' types by the names under which they are exported. */
export interface Report {
  /** For each type: the name and the code of its error. */
  readonly names: { readonly [type: string]: readonly [name: string, code: string] }
  /** For each type: the types that its error is an instance of. */
  readonly instances: { readonly [type: string]: readonly string[] }
  /** The same for errors that went to a thread with the plain form, and came from one. */
  readonly sent: Report['instances']
  readonly received: Report['instances']
  /** The code of the error that `destroy` of a closed client throws. */
  readonly closed: string
}

/** Loads a file of an ES module or of CommonJS. */
async function load<M>(folder: string, file: string): Promise<M> {
  const module = await import(pathToFileURL(`${folder}/${file}`).href)
  return module.default ?? module
}

async function report(folder: string, plainFolder: string): Promise<Report> {
  const [client, wire, plain, plainWire] = await Promise.all([
    load<typeof Client>(folder, 'client/index.js'),
    load<typeof Wire>(folder, 'client/worker/wire-error.js'),
    load<typeof Client>(plainFolder, 'client/index.js'),
    load<typeof Wire>(plainFolder, 'client/worker/wire-error.js'),
  ])
  const errors = typesIn(client).map(([type]) => {
    const error = oneOfEach(client).find((each) => each.constructor === client[type])
    return [type, error ?? new client.HoldfastError('SOME_CODE', 'something')] as const
  })
  const forEach = <T>(of: (error: Client.HoldfastError) => T) =>
    Object.fromEntries(errors.map(([type, error]) => [type, of(error)]))
  const sent = (error: unknown) => plainWire.fromWire(structuredClone(wire.toWire(error)))
  const received = (error: unknown) => wire.fromWire(structuredClone(plainWire.toWire(error)))
  return {
    names: forEach(({ name, code }) => [name, code]),
    instances: forEach((error) => typesOf(error, client)),
    sent: forEach((error) => typesOf(sent(error), plain)),
    received: forEach((error) => typesOf(received(sent(error)), client)),
    closed: await codeOfClosed(client),
  }
}

type TypeName = {
  [K in keyof typeof Client]: (typeof Client)[K] extends { prototype: Error } ? K : never
}[keyof typeof Client]

const typesIn = (client: typeof Client) =>
  Object.entries(client).filter(([name]) => name.endsWith('Error') && name !== 'isHoldfastError') as [
    TypeName,
    { [Symbol.hasInstance](value: unknown): boolean },
  ][]

/** The types that an error is an instance of, and `isHoldfastError` where it says so. */
function typesOf(error: unknown, client: typeof Client): readonly string[] {
  const types = typesIn(client).filter(([, type]) => type[Symbol.hasInstance](error))
  return [...types.map(([name]) => name), ...(client.isHoldfastError(error) ? ['isHoldfastError'] : [])].toSorted()
}

async function codeOfClosed(client: typeof Client): Promise<string> {
  const config = { url: 'ws://127.0.0.1:9/live', region: 'eu-west-1', sessionsTable: 'Sessions' }
  const credentials = { accessKeyId: 'A', secretAccessKey: 'x' }
  const holdfast = client.createHoldfast({ namespace: 'test', config, credentials })
  await holdfast.close({ drainMs: 0 })
  return holdfast.destroy('an id').then(
    () => 'destroyed',
    (error: Client.HoldfastError) => error.code,
  )
}

const [folder = '', plainFolder = ''] = process.argv.slice(2)
console.log(JSON.stringify(await report(folder, plainFolder)))
