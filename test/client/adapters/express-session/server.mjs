// One application server. It tells its parent its port, and ends with it.
import express from 'express'
import { createHoldfast } from 'holdfast'
import { session } from 'holdfast/express-session'

const holdfast = createHoldfast({ namespace: 'shop' })
const app = express()
app.use(session({ holdfast, secret: 'a secret of this test, of some length' }))
app.post('/count', (req, res) => {
  req.session.count = (req.session.count ?? 0) + 1
  res.send(String(req.session.count))
})
app.get('/count', (req, res) => res.send(String(req.session.count)))
app.get('/start/:user', (req, res) => {
  req.session.user = req.params.user
  res.redirect('/user')
})
app.get('/user', (req, res) => res.send(req.session.user ?? 'nobody'))
app.get('/large', (req, res) => {
  req.session.large = 'x'.repeat(450_000)
  res.send('never seen')
})
app.post('/login', (req, res, next) => {
  req.session.regenerate((error) => {
    if (error) return next(error)
    req.session.user = 'Ada'
    res.send('in')
  })
})
app.post('/logout', (req, res, next) => {
  req.session.destroy((error) => (error ? next(error) : res.send('out')))
})
app.use((_error, _req, res, _next) => res.status(500).send('failed'))

const server = app.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }))
process.on('disconnect', () => {
  server.closeAllConnections()
  server.close()
  void holdfast.close().then(() => process.exit())
})
