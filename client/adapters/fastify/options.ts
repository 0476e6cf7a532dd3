import type { FastifySessionOptions } from '@fastify/session'
import type { FastifyReply, FastifyRequest, RegisterOptions } from 'fastify'
import type { KnownError } from '../../errors/index.js'
import { checkKeys, invalid, type Keys } from '../../options/check.js'
import {
  ADAPTER_KEYS,
  type AdapterOptions,
  type CompiledAdapterOptions,
  compileAdapterOptions,
} from '../common/index.js'
import { isReservedName } from './session-objects.js'

/**
 * Options of the plugin. All those of @fastify/session are as in its documentation, but for `store`, which does not exist
 * here.
 *
 * @typeParam S the attributes of the client's sessions: `Omit<Session, 'cookie'>`, with the `Session` of fastify.
 */
export interface HoldfastSessionOptions<S extends object = never>
  extends Omit<FastifySessionOptions, 'store'>,
    AdapterOptions<S, FastifyRequest> {
  /**
   * Answers a request whose session could not be had in time, or not be reached, in place of 503 with `Retry-After: 1`.
   * It must send the reply.
   */
  readonly onBusy?: (request: FastifyRequest, reply: FastifyReply, error: KnownError) => unknown
}

/** The options, checked and complete. */
export interface CompiledOptions extends CompiledAdapterOptions<FastifyRequest> {
  /** What @fastify/session gets. */
  readonly fastifySession: FastifySessionOptions
  readonly onBusy: HoldfastSessionOptions['onBusy'] | undefined
}

const THEIR_KEYS: Keys<Omit<FastifySessionOptions, 'store'>> = {
  secret: true,
  algorithm: true,
  cookieName: true,
  cookie: true,
  saveUninitialized: true,
  rolling: true,
  idGenerator: true,
  cookiePrefix: true,
}
/** Fastify's own, of `register`. */
const REGISTER_KEYS: Keys<RegisterOptions> & { readonly encapsulate: true } = {
  prefix: true,
  logLevel: true,
  logSerializers: true,
  encapsulate: true,
}
const OWN_KEYS: Keys<Omit<HoldfastSessionOptions, keyof FastifySessionOptions>> = { ...ADAPTER_KEYS, onBusy: true }

/**
 * Checks the options before anything happens, and completes them with the defaults.
 *
 * @param tell is told of requests that have lost their session because of `maxHoldMs`.
 */
export function compileOptions(options: HoldfastSessionOptions, tell: (message: string) => void): CompiledOptions {
  checkKeys(options, { ...OWN_KEYS, ...THEIR_KEYS, ...REGISTER_KEYS }, 'holdfast/fastify')
  const { onBusy, cookie } = options
  if (onBusy !== undefined && typeof onBusy !== 'function') throw invalid('onBusy', 'a function', onBusy)
  const theirs = Object.entries(options).filter(([name]) => Object.hasOwn(THEIR_KEYS, name))
  return {
    ...compileAdapterOptions(options, { isReserved: isReservedName, tell }),
    // It completes the cookie's options in place.
    fastifySession: { ...(Object.fromEntries(theirs) as FastifySessionOptions), cookie: { ...cookie } },
    onBusy,
  }
}
