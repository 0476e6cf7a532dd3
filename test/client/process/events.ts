import type { MembershipEvents } from '../../../client/process/membership.js'

const ignore = (): void => {}

/** The events of a process that never sleeps: those that a test does not look at are ignored. */
export const eventsWith = (heard: Partial<MembershipEvents>): MembershipEvents => ({
  ready: ignore,
  received: ignore,
  asked: ignore,
  askedForMore: ignore,
  died: ignore,
  refused: ignore,
  missed: ignore,
  fallsAsleep: () => false,
  connection: ignore,
  ...heard,
})
