import Fastify from 'fastify'
import { Pool } from 'undici'

/**
 * The yardstick: the least that Fastify and undici can do for a proxied POST. The body is read
 * whole, sent on as it is, and the answer's bytes are passed back as they come. No keys, no
 * parsing, no metrics, no log. environment: `UPSTREAM` (origin), `PORT`.
 */
const upstream = new Pool(process.env['UPSTREAM'] ?? 'http://127.0.0.1:8080', { connections: 256 })
const app = Fastify({ logger: false })

app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

const headers = { 'content-type': 'application/json' }

app.post<{ Body: Buffer }>('/v1/chat/completions', (request, reply) => {
  reply.hijack()
  const answer = reply.raw
  let abort: ((reason: Error) => void) | undefined
  answer.on('close', () => {
    if (!answer.writableFinished) abort?.(new Error('the caller has gone'))
  })
  upstream.dispatch(
    { path: request.url, method: 'POST', headers, body: request.body },
    {
      onRequestStart(controller) {
        abort = (reason) => controller.abort(reason)
      },
      onResponseStart(controller, statusCode, answered) {
        const type = answered['content-type'] ?? 'application/octet-stream'
        const length = answered['content-length']
        answer.statusCode = statusCode
        answer.setHeader('content-type', type)
        if (length !== undefined) answer.setHeader('content-length', length)
        answer.on('drain', () => controller.resume())
      },
      onResponseData(controller, bytes) {
        if (!answer.write(bytes)) controller.pause()
      },
      onResponseEnd() {
        answer.end()
      },
      onResponseError() {
        if (answer.headersSent) answer.destroy()
        else answer.writeHead(502).end()
      },
    },
  )
})

await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 4000) })
process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(0))
