import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * The model server of the cluster tests, run in a pod by the gateway image's own Node, so it imports nothing else.
 * Speaks OpenAI's dialect. A question of `hold` streams numbered words until `GET /release`, and says at its end how
 * many there were; one of `never` is not answered, one of `which key` by the key that came with it.
 */
const port = 18_431
const wordEveryMs = 250

/** Each release ends the streams that began before it. */
let release = Promise.withResolvers<void>()
let open = 0

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const pieces: Uint8Array[] = []
  for await (const piece of request) if (piece instanceof Uint8Array) pieces.push(piece)
  const text = Buffer.concat(pieces).toString('latin1')
  const path = (request.url ?? '/').split('?')[0] ?? '/'
  if (path === '/release') {
    const were = open
    release.resolve()
    release = Promise.withResolvers<void>()
    return json(response, { released: were })
  }
  if (path.endsWith('/models')) return json(response, { object: 'list', data: [{ id: 'demo' }] })
  if (/\bnever\b/.test(text)) return
  if (/"content": ?"which key"/.test(text))
    return json(response, saying(request.headers.authorization ?? 'none'))
  if (path.endsWith('/chat/completions') && /"stream": ?true/.test(text))
    return stream(response, /"content": ?"hold"/.test(text))
  json(response, answers.find(([end]) => path.endsWith(end))?.[1] ?? {})
}

const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
const choice = { index: 0, finish_reason: 'stop' }
const picture = Buffer.from('no picture').toString('base64')
const answers: readonly (readonly [string, object])[] = [
  ['/chat/completions', saying('here')],
  [
    '/completions',
    {
      id: 'one',
      object: 'text_completion',
      created: 1,
      model: 'demo',
      choices: [{ ...choice, text: 'here' }],
      usage,
    },
  ],
  [
    '/embeddings',
    {
      object: 'list',
      model: 'demo',
      data: [{ object: 'embedding', index: 0, embedding: [0.1, 0.2] }],
      usage: { prompt_tokens: 1, total_tokens: 1 },
    },
  ],
  ['/transcriptions', { text: 'here' }],
  ['/translations', { text: 'here' }],
  ['/speech', { text: 'here' }],
  ['/images/generations', { created: 1, data: [{ b64_json: picture }] }],
  ['/images/edits', { created: 1, data: [{ b64_json: picture }] }],
]

function saying(content: string): object {
  const choices = [{ ...choice, message: { role: 'assistant', content } }]
  return { id: 'one', object: 'chat.completion', created: 1, model: 'demo', choices, usage }
}

async function stream(response: ServerResponse, isHeld: boolean): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const say = (content: string, finish: string | null): void => {
    const delta = { role: 'assistant', content }
    const chunk = { id: 'one', object: 'chat.completion.chunk', created: 1, model: 'demo' }
    const choices = [{ index: 0, delta, finish_reason: finish }]
    response.write(`data: ${JSON.stringify({ ...chunk, choices })}\n\n`)
  }
  const held = { isOver: !isHeld }
  void release.promise.then(() => (held.isOver = true))
  open += 1
  let words = 0
  do {
    say(`${words} `, null)
    words += 1
    await new Promise((resolve) => void setTimeout(resolve, wordEveryMs))
  } while (!held.isOver && !response.destroyed)
  open -= 1
  say(`of ${words}`, 'stop')
  response.end('data: [DONE]\n\n')
}

function json(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

const server = createServer((request, response) => {
  void serve(request, response).catch(() => response.destroy())
})
server.keepAliveTimeout = 120_000
server.listen(port, '0.0.0.0')
process.on('SIGTERM', () => process.exit(0))
