import type { ErrorRequestHandler, Express, RequestHandler } from 'express'

/** Every answer is JSON on a line of its own, so that the prompt of a shell follows on the next. */
export const jsonLines: RequestHandler = (_request, response, next) => {
  response.json = (body: unknown) => response.type('json').send(`${JSON.stringify(body)}\n`)
  next()
}

const notFound: RequestHandler = (request, response) => {
  response.status(404).json({ error: `there is no ${request.method} ${request.path}` })
}

/** Express's own refusals, such as that of a body that is no JSON, say why the request is wrong. */
const refusal: ErrorRequestHandler = (
  error: { readonly status?: number; readonly message?: string },
  _,
  response,
  next,
) => {
  if (response.headersSent) return next(error)
  const { status = 500, message } = error
  if (status < 500) return void response.status(status).json({ error: message })
  console.error(error)
  response.status(500).json({ error: 'internal error' })
}

/** Answers the requests that no route has answered. To be called after the last route. */
export function answerTheRest(app: Express): void {
  app.use(notFound)
  app.use(refusal)
}
