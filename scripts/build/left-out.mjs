// In the functions' bundles, this stands for parts of the AWS SDK that no function reaches.

const leftOut = (part) => new Error(`${part} of the AWS SDK is left out of this bundle`)

/** A function is given its credentials. */
export function defaultProvider() {
  throw leftOut('the chain of credential providers')
}

/** No request of a function has an event stream. The SDK imports them dynamically, which would keep whole modules. */
export function EventStreamSerde() {
  throw leftOut('the support of event streams')
}
export function eventStreamSerdeProvider() {
  throw leftOut('the support of event streams')
}
