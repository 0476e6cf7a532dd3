import { get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

const POLL_MS = 20

/** Resolves once something at this address speaks HTTP, and `gone` has not happened before. */
export async function answering(address: string, timeoutMs: number, gone?: AbortSignal): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await speaksHttp(address, timeoutMs))) {
    if (gone?.aborted === true) throw new Error('the process ended')
    if (Date.now() > deadline) throw new Error(`no answer after ${timeoutMs} ms`)
    await pause(POLL_MS)
  }
  if (gone?.aborted === true) throw new Error('the process ended')
}

async function speaksHttp(address: string, timeoutMs: number): Promise<boolean> {
  const request = get(address, { agent: false, timeout: timeoutMs })
  return new Promise((done) => {
    request.once('response', (response) => {
      response.destroy()
      done(true)
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => done(false))
  })
}
