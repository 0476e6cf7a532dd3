/** A test that has expected nothing has shown nothing: it fails. */
const expectSomething = (): void => expect.hasAssertions()

beforeEach(expectSomething)
