import { access, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LocalStartError } from '../errors.js'

const OWNER_FILE = 'in-use-by.pid'

/** A data folder. Only one database at a time may use it: two would overwrite each other's data. */
export class DataFolder {
  constructor(readonly path: string) {}

  /** Makes the folder and takes it, or throws a LocalStartError that says why it cannot be used. */
  async take(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true })
      await access(this.path, constants.R_OK | constants.W_OK)
    } catch (cause) {
      // Otherwise DynamoDB Local would start, and fail when it makes its first table.
      const { code } = cause as NodeJS.ErrnoException
      const problem = code === 'EEXIST' || code === 'ENOTDIR' ? 'there is a file in its place' : `${code}`
      throw new LocalStartError(
        `DynamoDB Local cannot keep its data in '${this.path}': ${problem}. Name a folder that can be written in 'dataDir'`,
        cause,
      )
    }
    const owner = await this.owner()
    if (owner !== undefined && isAlive(owner)) {
      throw new LocalStartError(
        `DynamoDB Local cannot keep its data in '${this.path}': process ${owner} keeps its own there. End that one or ` +
          `name another folder in 'dataDir'; if process ${owner} is none of yours, remove '${this.ownerFile}'`,
      )
    }
    // A process that was killed has left its file behind.
    await this.leave()
    await writeFile(this.ownerFile, String(process.pid), { flag: 'wx' }).catch((cause: Error) => {
      throw new LocalStartError(`another process takes '${this.path}' at this moment: name another 'dataDir'`, cause)
    })
  }

  async leave(): Promise<void> {
    await rm(this.ownerFile, { force: true })
  }

  private get ownerFile(): string {
    return join(this.path, OWNER_FILE)
  }

  private async owner(): Promise<number | undefined> {
    const text = await readFile(this.ownerFile, 'utf8').catch(() => '')
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // The process belongs to another user: it is alive.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
