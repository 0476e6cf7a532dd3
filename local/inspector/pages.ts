import type { ServerResponse } from 'node:http'
import { FLUSH_MS, FRAME_ENTRIES_MAX, PAGE_BUFFER_BYTES_MAX, PAGES_MAX } from '../../inspector/limits.js'
import type { History } from './history.js'

/** The pages that are open, as streams of server-sent events. */
export class Pages {
  private readonly open = new Set<ServerResponse>()
  private timer: NodeJS.Timeout | undefined
  /** The last entry that every page has. */
  private sentN = 0

  constructor(private readonly history: History) {}

  get hasRoom(): boolean {
    return this.open.size < PAGES_MAX
  }

  /** `lastEventId`: the last entry that the page has from before its connection broke. */
  add(response: ServerResponse, lastEventId: string | undefined): void {
    this.flush()
    const { history } = this
    const known = lastEventId === undefined ? undefined : history.since(Number(lastEventId))
    if (known === undefined) {
      response.write(`event: start\ndata: ${JSON.stringify({ base: history.baseFacts(), nowMs: Date.now() })}\n\n`)
    }
    this.send([response], known ?? history.all())
    this.sentN = history.lastN
    this.open.add(response)
    response.once('close', () => this.open.delete(response))
  }

  /** There are new entries. */
  added(): void {
    this.timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref()
  }

  close(): void {
    clearTimeout(this.timer)
    for (const response of this.open) response.destroy()
  }

  private flush(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const fresh = this.open.size === 0 ? [] : (this.history.since(this.sentN) ?? [])
    this.sentN = this.history.lastN
    this.send([...this.open], fresh)
    for (const response of this.open) {
      if (response.writableLength > PAGE_BUFFER_BYTES_MAX) response.destroy()
    }
  }

  private send(to: readonly ServerResponse[], lines: readonly string[]): void {
    const firstN = this.history.lastN - lines.length + 1
    for (let at = 0; at < lines.length; at += FRAME_ENTRIES_MAX) {
      const part = lines.slice(at, at + FRAME_ENTRIES_MAX)
      const frame = `id: ${firstN + at + part.length - 1}\ndata: [${part.join(',')}]\n\n`
      for (const response of to) response.write(frame)
    }
  }
}
