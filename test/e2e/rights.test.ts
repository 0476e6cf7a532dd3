import { LocalStackSuite } from './local-stack-suite.js'
import { sessionKey as keyOf } from './tables.js'

describe('a connected client that lies, repeats and errs', () => {
  const suite = new LocalStackSuite()

  it('changes no record of a lock that another process holds', async () => {
    const session = keyOf('held by another')
    const holder = await suite.join()
    holder.send({ type: 'acquire', session, r: 1 })
    const { epoch } = await holder.next('granted')
    const liar = await suite.join()
    const before = await suite.tables.allLocks()

    for (const wrong of [epoch - 1, epoch, epoch + 1]) {
      liar.send({ type: 'release', session, epoch: wrong, r: 1 })
      expect(await liar.next('released')).toMatchObject({ session, epoch: wrong })
      liar.send({ type: 'busy', session, epoch: wrong })
      expect(await liar.next('lost')).toMatchObject({ session, epoch: wrong })
      liar.send({ type: 'keep', session, epoch: wrong })
      expect(await liar.next('lost')).toMatchObject({ session, epoch: wrong })
    }
    liar.send({ type: 'cancel', session, r: 1_000 })
    await liar.next('noted')
    expect(await suite.tables.allLocks()).toBe(before)
  })

  it('releases only the epoch that the release names, however often it is repeated', async () => {
    const session = keyOf('repeated')
    const [first, second] = [await suite.join(), await suite.join()]
    first.send({ type: 'acquire', session, r: 1 })
    const { epoch } = await first.next('granted')
    first.send({ type: 'release', session, epoch, r: 1 })
    await first.next('released')
    second.send({ type: 'acquire', session, r: 1 })
    await second.next('granted')
    const before = await suite.tables.allLocks()
    for (let copy = 0; copy < 3; copy += 1) {
      first.send({ type: 'release', session, epoch, r: 1 })
      await first.next('released')
    }
    expect(await suite.tables.allLocks()).toBe(before)
  })

  it('gets the same grant again for the same request, and is queued only once', async () => {
    const session = keyOf('doubled')
    const [first, second] = [await suite.join(), await suite.join()]
    first.send({ type: 'acquire', session, r: 1 })
    const granted = await first.next('granted')
    first.send({ type: 'acquire', session, r: 1 })
    expect(await first.next('granted')).toEqual(granted)
    for (let copy = 0; copy < 3; copy += 1) second.send({ type: 'acquire', session, r: 1 })
    for (let copy = 0; copy < 3; copy += 1) expect(await second.next('queued')).toMatchObject({ position: 0 })
    first.send({ type: 'release', session, epoch: granted.epoch, r: 1 })
    await first.next('released')
    expect(await second.next('granted')).toMatchObject({ epoch: granted.epoch + 1, contended: false })
  })

  it('is served in the order of the queue, where a waiter that is gone is skipped', async () => {
    const session = keyOf('in order')
    const [holder, gone, third, fourth] = [
      await suite.join(),
      await suite.join(),
      await suite.join(),
      await suite.join(),
    ]
    holder.send({ type: 'acquire', session, r: 1 })
    const { epoch } = await holder.next('granted')
    for (const [position, waiter] of [gone, third, fourth].entries()) {
      waiter.send({ type: 'acquire', session, r: 1 })
      expect(await waiter.next('queued')).toMatchObject({ position })
    }
    gone.send({ type: 'retire' })
    await gone.next('noted')
    holder.send({ type: 'release', session, epoch, r: 1 })
    const granted = await third.next('granted')
    expect(granted).toMatchObject({ r: 1, epoch: epoch + 2, contended: true })
    third.send({ type: 'release', session, epoch: granted.epoch, r: 1 })
    expect(await fourth.next('granted')).toMatchObject({ epoch: epoch + 3, contended: false })
    fourth.send({ type: 'release', session, epoch: epoch + 3, r: 1 })
    await fourth.next('released')
    // Nothing is left of it all but the epoch.
    expect(await suite.tables.lock('in order')).toMatchObject({
      epoch: { N: String(epoch + 4) },
      holder: { M: { p: { S: '' } } },
      waiters: { L: [] },
    })
    expect(await suite.tables.lock('in order')).not.toHaveProperty('askedAt')
  })

  it.each([
    ['not JSON', '{"type":', 'MALFORMED'],
    ['an array', [], 'MALFORMED'],
    ['no type', {}, 'UNKNOWN_TYPE'],
    ['an unknown type', { type: 'obtain' }, 'UNKNOWN_TYPE'],
    ['a type from the prototype', { type: 'constructor' }, 'UNKNOWN_TYPE'],
    ['an unknown field', { type: 'renew', n: 1, please: true }, 'MALFORMED'],
    ['a missing field', { type: 'acquire', r: 1 }, 'MALFORMED'],
    ['a session key in the wrong form', { type: 'acquire', session: 'x', r: 1 }, 'MALFORMED'],
    ['a negative epoch', { type: 'release', session: keyOf('x'), epoch: -1, r: 1 }, 'MALFORMED'],
    ['a fence beyond the bound', { type: 'acquire', session: keyOf('x'), r: 1, above: 2 ** 53 - 1 }, 'MALFORMED'],
    ['a polluting field', '{"type":"renew","n":1,"__proto__":{"v":1}}', 'MALFORMED'],
    ['a message above 4 KB', { type: 'acquire', session: 'x'.repeat(5_000), r: 1 }, 'TOO_LARGE'],
    ['a protocol version that the store does not know', { type: 'hello', v: 99 }, 'UNSUPPORTED_VERSION'],
  ])('is refused with a code: %s', async (_what, message, code) => {
    const client = await suite.join()
    client.send(message)
    expect(await client.next('refused')).toMatchObject({ code })
    client.send({ type: 'renew', n: 7 })
    expect(await client.next('renewed')).toMatchObject({ n: 7 })
  })

  it('is refused before it has said hello', async () => {
    const client = await suite.connect()
    client.send({ type: 'acquire', session: keyOf('x'), r: 1 })
    expect(await client.next('refused')).toMatchObject({ code: 'NO_HELLO', session: keyOf('x'), r: 1 })
  })

  it('cannot take over the name of another process without its secret', async () => {
    const owner = await suite.join()
    const thief = await suite.connect()
    const { processId } = owner
    thief.send({ type: 'hello', v: 1, processId, secret: thief.secret, label: '', gen: 2 })
    expect(await thief.next('refused')).toMatchObject({ code: 'WRONG_SECRET', gen: 2 })
    thief.send({ type: 'acquire', session: keyOf('y'), r: 1 })
    expect(await thief.next('refused')).toMatchObject({ code: 'NO_HELLO' })
  })

  it('cannot renew after it has retired, and what it held goes to the next at once', async () => {
    const session = keyOf('retired')
    const [first, second] = [await suite.join(), await suite.join()]
    first.send({ type: 'acquire', session, r: 1 })
    const { epoch } = await first.next('granted')
    first.send({ type: 'retire' })
    expect(await first.next('noted')).toMatchObject({ of: 'retire' })
    first.send({ type: 'renew', n: 1 })
    expect(await first.next('refused')).toMatchObject({ code: 'EVICTED' })
    second.send({ type: 'acquire', session, r: 1 })
    const granted = await second.next('granted')
    expect(granted.epoch).toBeGreaterThan(epoch)
  })

  it('is granted above a fence when its lock record has fallen behind', async () => {
    const session = keyOf('regressed')
    const [first, second] = [await suite.join(), await suite.join()]
    first.send({ type: 'acquire', session, r: 1 })
    const { epoch } = await first.next('granted')
    const fence = epoch + 1_000
    second.send({ type: 'acquire', session, r: 1 })
    await second.next('queued')
    first.send({ type: 'acquire', session, r: 2, above: fence })
    const raised = await first.next('granted')
    expect(raised).toMatchObject({ r: 2, epoch: fence + 1, contended: true })
    first.send({ type: 'release', session, epoch: raised.epoch, r: 2 })
    expect(await second.next('granted')).toMatchObject({ epoch: fence + 2 })
  })
})
