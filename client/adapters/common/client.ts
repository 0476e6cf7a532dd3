import type { OpenSession } from '../../api.js'
import type { Holdfast, SessionHandle } from '../../holdfast-api.js'
import type { Task } from '../../scope.js'

export type { Task }

export type Values = Record<string, unknown>

/** The client of an application, whatever the type of its sessions. */
export type Client = Holdfast<Values>

/** A handle of one session: it knows the hashed id. */
export type Handle = SessionHandle<Values>

/** An open session of any type. */
export type Opened = OpenSession<Values, Values>

/** What these objects have for adapters only. It is asked of them: a program may have loaded the package twice. */
interface ForAdapters {
  task(): Task
  surround(task: Task): () => void
}

/** A request. Accesses of it to sessions that it holds join those. */
export const newTask = (holdfast: Client): Task => (holdfast as unknown as ForAdapters).task()

/** Lets the accesses of a request join a session that it holds, until that ends or the function is called. */
export const surround = (session: Opened, task: Task): (() => void) =>
  (session as unknown as ForAdapters).surround(task)
