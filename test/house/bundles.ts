import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Consumer } from './consumer.js'

export interface Bundling {
  readonly format: 'esm' | 'cjs'
  readonly options: readonly string[]
}

/** An access in the main thread and one in a worker thread, whose file is the first argument. Prints the count: 2. */
const MAIN = `
  import { once } from 'node:events'
  import { Worker } from 'node:worker_threads'
  import { createHoldfast } from 'holdfast'

  async function main() {
    const holdfast = createHoldfast({ namespace: 'bundled' })
    const id = await holdfast.create({ count: 0 })
    const port = holdfast.workerPort()
    const worker = new Worker(process.argv[2], { workerData: { port, id }, transferList: [port] })
    await once(worker, 'exit')
    const count = await holdfast.access(id, { write: ['count'] }, ({ state }) => (state.count += 1))
    await holdfast.close()
    console.log(count)
  }
  main()`

const JOB = `
  import { workerData } from 'node:worker_threads'
  import { connectHoldfast } from 'holdfast/worker'

  const holdfast = connectHoldfast(workerData.port)
  holdfast
    .access(workerData.id, { write: ['count'] }, ({ state }) => { state.count += 1 })
    .finally(() => workerData.port.close())`

/** Bundles an application of two files, as its developers would, runs it, and returns what it prints. */
export async function runBundled(
  consumer: Consumer,
  { format, options }: Bundling,
  env: { readonly [name: string]: string },
): Promise<string> {
  const [folder, extension] = [`bundled-${format}-${options.length}`, format === 'esm' ? 'mjs' : 'cjs']
  await Promise.all([consumer.write('main.mjs', MAIN), consumer.write('job.mjs', JOB)])
  const common = [
    '--bundle',
    '--minify',
    '--platform=node',
    '--target=node20',
    `--format=${format}`,
    '--log-level=warning',
  ]
  const out = [`--outdir=${folder}`, `--out-extension:.js=.${extension}`]
  await consumer.tool('esbuild/bin/esbuild', 'main.mjs', 'job.mjs', ...common, ...options, ...out)
  const main = join(consumer.folder, folder, `main.${extension}`)
  // It has what it needs inside: more than a few lines that load it from somewhere.
  if ((await stat(main)).size < 100_000) throw new Error(`${main} has nothing in it`)
  return consumer.start([main, join(consumer.folder, folder, `job.${extension}`)], env)
}
