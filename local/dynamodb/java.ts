import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { JavaMissingError } from '../errors.js'

const run = promisify(execFile)

const JAVA_VERSION_MIN = 17

/** The command that starts a Java which can run DynamoDB Local. Throws {@link JavaMissingError} where there is none. */
export async function findJava(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  let newest: number | undefined
  for (const command of candidates(env)) {
    const version = await versionOf(command, env)
    if (version === undefined) continue
    if (version >= JAVA_VERSION_MIN) return command
    newest = Math.max(version, newest ?? 0)
  }
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '')
  throw new JavaMissingError(JAVA_VERSION_MIN, newest, installCommand(process.platform, osRelease))
}

const candidates = (env: NodeJS.ProcessEnv): string[] =>
  env.JAVA_HOME === undefined || env.JAVA_HOME === '' ? ['java'] : [join(env.JAVA_HOME, 'bin', 'java'), 'java']

async function versionOf(command: string, env: NodeJS.ProcessEnv): Promise<number | undefined> {
  try {
    const { stdout, stderr } = await run(command, ['-version'], { env })
    return parseJavaVersion(`${stderr}${stdout}`)
  } catch (error) {
    // Ctrl-C ends the child process, too. Its end then does not show whether Java is there.
    if ((error as { readonly signal?: string | null }).signal) throw error
    return undefined
  }
}

/** The major version that `java -version` printed: 17 of "17.0.15", 8 of "1.8.0_292". */
export function parseJavaVersion(printed: string): number | undefined {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(printed) ?? []
  if (first === undefined) return undefined
  return Number(first === '1' && second !== undefined ? second : first)
}

/** The command that installs Java on this system, given `process.platform` and the text of `/etc/os-release`. */
export function installCommand(platform: NodeJS.Platform, osRelease: string): string {
  if (platform === 'darwin') return 'brew install --cask temurin'
  if (platform === 'win32') return 'winget install EclipseAdoptium.Temurin.21.JRE'
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(osRelease)?.[1] ?? ''
  const ids = `${field('ID')} ${field('ID_LIKE')}`.split(' ')
  if (ids.includes('alpine')) return 'apk add openjdk17-jre-headless'
  if (ids.includes('amzn')) return 'sudo dnf install -y java-17-amazon-corretto-headless'
  if (ids.includes('fedora') || ids.includes('rhel')) return 'sudo dnf install -y java-17-openjdk-headless'
  // Debian 13 dropped version 17; older ones, and every supported Ubuntu, have it.
  const version = field('ID') === 'debian' && Number(field('VERSION_ID')) >= 13 ? 21 : 17
  return `sudo apt-get install -y openjdk-${version}-jre-headless`
}
