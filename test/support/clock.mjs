// A clock of this process that a test can move. Only the time of day moves, as when an operator sets it.
const TrueDate = Date
let offMs = 0

globalThis.Date = class extends TrueDate {
  constructor(...parts) {
    super(...(parts.length === 0 ? [TrueDate.now() + offMs] : parts))
  }
  static now() {
    return TrueDate.now() + offMs
  }
}

export const moveClock = (ms) => {
  offMs += ms
}
