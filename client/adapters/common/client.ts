import type { Holdfast, OpenSession } from '../../api.js'

export type Values = Record<string, unknown>

/** The client of an application, whatever the type of its sessions. */
export type Client = Holdfast<Values>

/** An open session of any type. */
export type Opened = OpenSession<Values, Values>
