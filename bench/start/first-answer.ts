import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const SHOP = fileURLToPath(new URL('../../examples/shop/start.js', import.meta.url))
const ANSWERS = /answers on (http:\/\/\S+)/

/** Milliseconds from the start of `npm start`, built, until one of its servers has answered a request. */
export async function firstAnswerMs(node: string): Promise<number> {
  const startedAt = performance.now()
  const shop = spawn(node, [SHOP], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    for await (const line of createInterface({ input: shop.stdout })) {
      const origin = ANSWERS.exec(line)?.[1]
      if (origin === undefined) continue
      const response = await fetch(`${origin}/cart`)
      await response.arrayBuffer()
      if (!response.ok) throw new Error(`the shop answered with status ${response.status}`)
      return performance.now() - startedAt
    }
    throw new Error('the shop ended before it answered')
  } finally {
    shop.kill('SIGTERM')
    shop.stdout.resume()
    if (shop.exitCode === null) await once(shop, 'exit')
  }
}
