import { randomBytes } from 'node:crypto'
import { access, constants, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LocalStartError } from '../errors.js'

const OWNER_FILE = 'in-use-by.pid'
/** Makes the folder one of a local stack, and has the key of its tables. */
const KEY_FILE = 'holdfast.json'
const FORMAT = 1
/** Only its own user may read the key, and the data that it opens. */
const PRIVATE = 0o600
const PRIVATE_FOLDER = 0o700

/** A data folder. Only one database at a time may use it: two would overwrite each other's data. */
export class DataFolder {
  private key: string | undefined
  /** What the owner file says while the folder is taken. */
  private mark: string | undefined

  constructor(readonly path: string) {}

  /** The key of the tables, once the folder has been taken. */
  get accessKeyId(): string | undefined {
    return this.key
  }

  /**
   * Makes the folder and takes it, or throws a LocalStartError that says why it cannot be used. A folder of anybody else
   * is not touched. `newKey` is for a folder without tables.
   */
  async take(newKey: string): Promise<void> {
    await this.make()
    const known = await this.readKey()
    await this.own()
    try {
      this.key = known ?? (await this.keep(newKey))
    } catch (error) {
      await this.leave()
      throw error
    }
  }

  async leave(): Promise<void> {
    const { mark } = this
    this.mark = undefined
    if (mark !== undefined && (await this.owner()) === mark) await rm(this.ownerFile, { force: true })
  }

  private async make(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true, mode: PRIVATE_FOLDER })
      await access(this.path, constants.R_OK | constants.W_OK)
    } catch (cause) {
      // Otherwise DynamoDB Local would start, and fail when it makes its first table.
      const { code } = cause as NodeJS.ErrnoException
      const problem = code === 'EEXIST' || code === 'ENOTDIR' ? 'there is a file in its place' : `${code}`
      throw this.refusal(problem, "Name a folder that can be written in 'dataDir'", cause)
    }
  }

  /** Undefined where no stack has had the folder. */
  private async readKey(): Promise<string | undefined> {
    const names = await readdir(this.path)
    if (names.includes(KEY_FILE)) return this.keyIn(await readFile(join(this.path, KEY_FILE), 'utf8'))
    const foreign = names.find((name) => !OWN.test(name))
    if (foreign === undefined) return undefined
    throw this.refusal(`it has other files, such as '${foreign}'`, "Name an empty folder, or a new one, in 'dataDir'")
  }

  private keyIn(text: string): string {
    try {
      const { format, accessKeyId } = JSON.parse(text) as Readonly<Record<string, unknown>>
      if (format === FORMAT && typeof accessKeyId === 'string' && KEY.test(accessKeyId)) return accessKeyId
    } catch {
      // It is damaged.
    }
    const advice = "Name another folder in 'dataDir', or remove this one with the sessions in it"
    throw this.refusal(`its '${KEY_FILE}' is damaged, or of another version`, advice)
  }

  private async keep(accessKeyId: string): Promise<string> {
    const draft = join(this.path, hidden())
    await writeFile(draft, JSON.stringify({ format: FORMAT, accessKeyId }), { mode: PRIVATE })
    await rename(draft, join(this.path, KEY_FILE))
    return accessKeyId
  }

  private async own(): Promise<void> {
    const found = await this.owner()
    const [, pid, start] = OWNER.exec(found ?? '') ?? []
    if (pid !== undefined && (await isAlive(Number(pid), start))) {
      throw this.refusal(
        `process ${pid} keeps its own there`,
        `End that one or name another folder in 'dataDir'; if process ${pid} is none of yours, remove '${this.ownerFile}'`,
      )
    }
    if (found !== undefined) await this.discard(found)
    const mark = `${process.pid} ${await startOf(process.pid)}`.trim()
    await writeFile(this.ownerFile, mark, { flag: 'wx', mode: PRIVATE }).catch((cause: Error) => {
      throw this.takenNow(cause)
    })
    this.mark = mark
  }

  /** Removes the file that a process left behind which was killed: just that one, as another may take the folder, too. */
  private async discard(found: string): Promise<void> {
    const aside = join(this.path, hidden())
    try {
      await rename(this.ownerFile, aside)
    } catch (cause) {
      throw this.takenNow(cause)
    }
    if ((await readFile(aside, 'utf8')) === found) return rm(aside)
    await rename(aside, this.ownerFile)
    throw this.takenNow()
  }

  private get ownerFile(): string {
    return join(this.path, OWNER_FILE)
  }

  private owner(): Promise<string | undefined> {
    return readFile(this.ownerFile, 'utf8').catch(() => undefined)
  }

  private takenNow(cause?: unknown): LocalStartError {
    return new LocalStartError(`another process takes '${this.path}' at this moment: name another 'dataDir'`, cause)
  }

  private refusal(problem: string, advice: string, cause?: unknown): LocalStartError {
    return new LocalStartError(`DynamoDB Local cannot keep its data in '${this.path}': ${problem}. ${advice}`, cause)
  }
}

/** Files that may be in a folder before a stack has had it: hidden ones, and what a mounted disk has. */
const OWN = /^(?:\..*|lost\+found|in-use-by\.pid)$/
const KEY = /^STACK[\dA-F]{32}$/
/** A process, and when it started. */
const OWNER = /^([1-9]\d{0,9})(?: (\d+))?$/

const hidden = (): string => `.${randomBytes(8).toString('hex')}`

/** A process that started at another time has only the same id, as in a container, where ids begin anew. */
async function isAlive(pid: number, start: string | undefined): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // The process belongs to another user: it is alive.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return start === undefined || start === (await startOf(pid))
}

/** When a process started, as Linux counts it. Empty on other systems. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name of the program is in brackets, and may have spaces and brackets itself.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
