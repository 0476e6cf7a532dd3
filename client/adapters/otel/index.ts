/**
 * Metrics and spans of a client, for OpenTelemetry.
 *
 * @module holdfast/otel
 */

export { handoffId } from '../../../protocol/handoff-id.js'
export { type ObserveOptions, observeHoldfast } from './observe-holdfast.js'
