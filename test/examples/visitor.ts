import type { Program } from './programs.js'

/** The origins of the servers that a program has said. */
export const originsIn = ({ output }: Program): readonly string[] =>
  [...output.matchAll(/answers on (http:\S+)/g)].map(([, origin = '']) => origin)

/** One visitor with a cookie jar, who follows no redirect by himself. */
export class Visitor {
  cookie = ''

  constructor(private readonly origins: readonly string[]) {}

  async ask(server: number, method: string, path: string, body?: object) {
    const headers = { cookie: this.cookie, ...(body && { 'content-type': 'application/json' }) }
    const init = { method, headers, redirect: 'manual' as const, ...(body && { body: JSON.stringify(body) }) }
    const response = await fetch(`${this.origins[server]}${path}`, init)
    const given = response.headers.get('set-cookie')
    this.cookie = given?.split(';')[0] ?? this.cookie
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
    const answer: unknown = isJson ? JSON.parse(text) : text
    return { status: response.status, location: response.headers.get('location'), given, answer }
  }
}
