import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

const PAUSE_MS = 50

/** Runs `work` while no other process of this machine does, as told by the lock file at `path`. */
export async function exclusively(path, work) {
  while (!(await acquire(path))) await pause(PAUSE_MS)
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

async function acquire(path) {
  // Linked into place, so that the lock file names its owner from its first moment on.
  const own = `${path}.${process.pid}`
  await writeFile(own, String(process.pid))
  try {
    await link(own, path)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    // A build that was killed leaves its file behind.
    if (!(await ownerRuns(path))) await rm(path, { force: true })
    return false
  } finally {
    await rm(own, { force: true })
  }
}

async function ownerRuns(path) {
  const pid = Number(await readFile(path, 'utf8').catch(() => process.pid))
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
