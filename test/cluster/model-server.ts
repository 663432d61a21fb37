import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { join } from 'node:path'

/**
 * Stands in for Ollama in an image of the tests: `serve`, `list` and `pull` as its own command has them, the models
 * in OLLAMA_MODELS. It imports nothing else, and knows only the models that were pulled.
 */
const [command = '', model = ''] = process.argv.slice(2)
const [host = '127.0.0.1', port = '11434'] = (process.env['OLLAMA_HOST'] ?? '').split(':')
const folder = process.env['OLLAMA_MODELS'] ?? '/tmp/models'

if (command === 'serve') serve()
else ask(command === 'pull' ? '/api/pull' : '/api/tags', command === 'pull' ? { model } : undefined)

function serve(): void {
  mkdirSync(folder, { recursive: true })
  const server = createServer((asked, response) => {
    let text = ''
    asked.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    asked.on('end', () => {
      const name = /"model": ?"([a-z0-9-]+)"/.exec(text)?.[1] ?? ''
      const [status, body] = answer(asked.url ?? '', name)
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    })
  })
  server.listen(Number(port), host)
  process.on('SIGTERM', () => process.exit(0))
}

function answer(path: string, name: string): [number, object] {
  const models = readdirSync(folder)
  if (path === '/api/version') return [200, { version: '0.0.0' }]
  if (path === '/api/tags')
    return [200, { models: models.map((one) => ({ name: one, model: one })) }]
  if (path === '/api/pull') {
    writeFileSync(join(folder, name), '')
    return [200, { status: 'success' }]
  }
  if (!models.includes(name)) return [404, { error: `model '${name}' not found` }]
  const message = { role: 'assistant', content: 'from the model server' }
  const end = { done: true, done_reason: 'stop', prompt_eval_count: 1, eval_count: 4 }
  return [200, { model: name, created_at: '2026-01-01T00:00:00Z', message, ...end }]
}

function ask(path: string, body: object | undefined): void {
  const method = body === undefined ? 'GET' : 'POST'
  const call = request({ host, port, path, method }, (response) => {
    response.pipe(process.stdout)
    process.exitCode = response.statusCode === 200 ? 0 : 1
  })
  call.on('error', () => (process.exitCode = 1))
  call.end(body === undefined ? undefined : JSON.stringify(body))
}
