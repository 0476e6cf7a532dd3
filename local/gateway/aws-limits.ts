/**
 * The limits and fixed wordings of API Gateway and Lambda, as AWS documents them, that the local stack keeps.
 * Sizes are bytes and inclusive.
 */

/** A larger frame closes the connection with {@link CLOSE_TOO_BIG}; API Gateway itself sends none larger. */
export const FRAME_BYTES_MAX = 32 * 1024
/** All frames of one message together, in either direction. */
export const MESSAGE_BYTES_MAX = 128 * 1024
/** API Gateway reads no request that is larger. */
export const REQUEST_BYTES_MAX = 10 * 1024 * 1024

/** A connection without a message in either direction for this long is closed. */
export const IDLE_TIMEOUT_MS = 10 * 60_000
/** A connection is closed at this age, busy or not. */
export const CONNECTION_LIFETIME_MS = 2 * 3_600_000
/** The longest that an integration may take, which the template may only shorten. */
export const INTEGRATION_TIMEOUT_MS = 29_000

export const CLOSE_NORMAL = 1000
export const CLOSE_GOING_AWAY = 1001
export const CLOSE_UNSUPPORTED_DATA = 1003
export const CLOSE_TOO_BIG = 1009
/** The code that `$disconnect` reports of a connection that ended without a close frame, or with an empty one. */
export const CLOSE_ABNORMAL = 1006
export const CLOSE_NO_STATUS = 1005

/** Bytes that may wait for a client which does not read. AWS documents that there is a limit, not how much it is. */
export const CLIENT_BUFFER_BYTES_MAX = 1024 * 1024

/** A signature is good for this long before and after its date. */
export const SIGNATURE_SKEW_MS = 5 * 60_000
/** The longest life of a signature in a URL. */
export const PRESIGNED_LIFE_MS_MAX = 7 * 24 * 3_600_000

/** Eleven bytes in base64: connection and request ids look like this, and others are malformed. */
export const CONNECTION_ID = /^[A-Za-z0-9_-]{15}=$/

export const MESSAGE_INTERNAL_ERROR = 'Internal server error'
export const MESSAGE_TIMED_OUT = 'Endpoint request timed out'
export const MESSAGE_FORBIDDEN = 'Forbidden'

/** The largest event of a function that is called and waited for. */
export const FUNCTION_PAYLOAD_BYTES_MAX = 6 * 1024 * 1024
/** The longest that Lambda waits for a function's module to load. */
export const FUNCTION_INIT_TIMEOUT_MS = 10_000
/** The timeout and memory of a function whose template names none. */
export const FUNCTION_TIMEOUT_MS_DEFAULT = 3_000
export const FUNCTION_MEMORY_MB_DEFAULT = 128
