import { Gate } from '../../../support/counting.js'
import { Browser, countUp, Site } from './harness.js'

describe('a session that is given back early', () => {
  let site: Site
  let browser: Browser
  beforeEach(() => {
    site = new Site()
    browser = new Browser()
  })
  afterEach(() => site.stop())

  const releasing = () => {
    const [released, ends] = [new Gate(), new Gate()]
    const handler = site.handler(async (request, session) => {
      const response = countUp(request, session)
      await session.release()
      released.open()
      await ends.passed
      expect(() => session.state).toThrow(expect.objectContaining({ code: 'SESSION_RELEASED', reason: 'release' }))
      return response
    })
    return { handler, released, ends }
  }

  it('is committed and free at once', async () => {
    await browser.send(site.handler(countUp))
    const { handler, released, ends } = releasing()
    const slow = browser.send(handler)
    await released.passed
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(3)
    ends.open()
    expect(await (await slow).json()).toBe(2)
  })

  it('is made by that, and its cookie comes with the response', async () => {
    const { handler, ends } = releasing()
    ends.open()
    expect(await (await browser.send(handler)).json()).toBe(1)
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(2)
  })

  it('is free while an event stream is sent, which cannot use it', async () => {
    await browser.send(site.handler(countUp))
    const failures: unknown[] = []
    const ends = new Gate()
    const stream = site.handler((_, session) => {
      const { state } = session
      const first = state.count
      const body = new ReadableStream({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode(`data: ${first}\n\n`))
          await ends.passed
          for (const use of [() => session.state, () => state.count]) {
            try {
              use()
            } catch (error) {
              failures.push((error as { code: string }).code)
            }
          }
          controller.close()
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    })
    const response = await browser.send(stream)
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(2)
    ends.open()
    expect([await response.text(), failures]).toEqual(['data: 1\n\n', ['SESSION_RELEASED', 'ACCESS_ENDED']])
  })

  it('takes no change of a new session after the end', async () => {
    let late: () => void = () => {}
    await browser.send(
      site.handler(async (request, session) => {
        const { state } = session
        late = () => {
          state.count = 17
        }
        return countUp(request, session)
      }),
    )
    expect(late).toThrow(expect.objectContaining({ code: 'SESSION_RELEASED' }))
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(2)
  })

  it('keeps what was committed where the handler throws, and later changes of a new one', async () => {
    const commits = (fails: boolean) =>
      site.handler(async (request, session) => {
        countUp(request, session)
        await session.commit()
        session.state.cart = ['apple']
        if (fails) throw new Error('handler')
        return new Response()
      })
    await browser.send(commits(false))
    await expect(browser.send(commits(true))).rejects.toThrow('handler')
    const read = site.handler((_, { state }) => Response.json({ ...state }), {}, 1)
    expect(await (await browser.send(read)).json()).toEqual({ count: 2, cart: ['apple'] })
  })

  it.each(['known', 'new'])('tells the handler of its loss, a %s one', async (kind) => {
    if (kind === 'known') await browser.send(site.handler(countUp))
    const aborted: unknown[] = []
    const loses = site.handler(async (request, session) => {
      const { signal } = session
      const response = countUp(request, session)
      await session.commit()
      aborted.push(signal.aborted)
      await site.servers[0].close({ drainMs: 1 })
      aborted.push(signal.aborted, signal.reason.code)
      return response
    })
    expect((await browser.send(loses)).status).toBe(503)
    expect(aborted).toEqual([false, true, 'CLOSED'])
  })

  it('is made once by several commits at once', async () => {
    const commits = site.handler(async (request, session) => {
      const response = countUp(request, session)
      await Promise.all([session.commit(), session.commit(), session.release()])
      return response
    })
    await browser.send(commits)
    expect(site.servers[0].health().heldSessions).toBe(1)
    expect(await (await browser.send(site.handler(countUp, {}, 1))).json()).toBe(2)
  })

  it('may be deleted from, before and after it is made', async () => {
    await browser.send(
      site.handler(async (request, session) => {
        countUp(request, session)
        session.state.cart = ['apple']
        session.state.user = { name: 'Ada' }
        session.delete('user')
        await session.commit()
        session.delete('cart')
        return new Response()
      }),
    )
    await browser.send(
      site.handler((_, session) => {
        session.delete('count')
        session.state.cart = ['pear']
        return new Response()
      }),
    )
    const read = site.handler((_, { state }) => Response.json({ ...state }), {}, 1)
    expect(await (await browser.send(read)).json()).toEqual({ cart: ['pear'] })
  })
})
