import type { Holdfast, OpenSession } from '../../api.js'

export type Values = Record<string, unknown>

/** The client of an application, whatever the type of its sessions. */
export type Client = Holdfast<Values>

/** An open session of any type. */
export type Opened = OpenSession<Values, Values>

/** A client of any type, for the adapters. Only the application knows the type of its sessions. */
export const untyped = <S extends object>(holdfast: Holdfast<S>): Client => holdfast
