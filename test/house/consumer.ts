import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../local/package-root.cjs'

const run = promisify(execFile)

/** What `npm` of an outer `npm test` tells its children about that run, and would mislead the one in here. */
const OUTER_RUN = /^npm_(package|lifecycle|command|execpath|node_execpath|config_(local_prefix|prefix))|^INIT_CWD$/i

/** Somebody's folder in which this package is installed, as it would be published. */
export class Consumer {
  /** Packs the package and installs it, with what it depends on, in an empty folder. */
  static async create(): Promise<Consumer> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-consumer-'))
    const consumer = new Consumer(folder)
    try {
      // What `npm test` has built is packed: to build it again would only cost time.
      await consumer.npm(packageRoot, 'pack', '--ignore-scripts', '--pack-destination', folder)
      const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
      await consumer.write('package.json', JSON.stringify({ name: 'consumer', private: true }))
      await consumer.npm(folder, 'install', `./${tarball}`, '--prefer-offline', '--no-audit', '--no-fund')
      return consumer
    } catch (error) {
      await consumer.remove()
      throw error
    }
  }

  private constructor(readonly folder: string) {}

  async write(name: string, content: string): Promise<void> {
    await writeFile(join(this.folder, name), content)
  }

  /** Runs a script of the consumer's and returns what it prints. */
  async node(name: string, source: string): Promise<string> {
    await this.write(name, source)
    return this.start([name])
  }

  /** Runs a file that is there already. */
  start(args: readonly string[], env: { readonly [name: string]: string } = {}): Promise<string> {
    return this.run(this.folder, process.execPath, args, env)
  }

  /** Runs a program that the repository has installed. */
  tool(path: string, ...args: readonly string[]): Promise<string> {
    return this.run(this.folder, process.execPath, [join(packageRoot, 'node_modules', path), ...args])
  }

  /** Has a package of the repository at hand too, for which a download would only cost time. */
  async link(name: string): Promise<void> {
    const target = join(this.folder, 'node_modules', name)
    await mkdir(dirname(target), { recursive: true })
    await rm(target, { force: true })
    await symlink(join(packageRoot, 'node_modules', name), target)
  }

  async unlink(name: string): Promise<void> {
    await rm(join(this.folder, 'node_modules', name))
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  private npm(cwd: string, ...args: readonly string[]): Promise<string> {
    return this.run(cwd, 'npm', args)
  }

  /** Everything that is printed; a failure is told by what was printed too, not by an exit code alone. */
  private async run(
    cwd: string,
    command: string,
    args: readonly string[],
    more: { readonly [name: string]: string } = {},
  ): Promise<string> {
    const outer = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OUTER_RUN.test(name)))
    try {
      return (await run(command, args, { cwd, env: { ...outer, ...more }, encoding: 'utf8' })).stdout.trim()
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string }
      throw new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`, { cause: error })
    }
  }
}
