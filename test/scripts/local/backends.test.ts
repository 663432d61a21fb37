import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readModule } from '../../../modules/read-module.ts'
import { adviceFor, stateInWords } from '../../../scripts/local/backend-advice.ts'
import { askBackends, findBackends } from '../../../scripts/local/backends.ts'
import { findFreePort } from '../../../scripts/local/ports.ts'

let server: Server
let address = ''
const asked: string[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    const { authorization, ...headers } = request.headers
    asked.push(`${request.url} ${authorization ?? String(headers['x-goog-api-key'] ?? '')}`)
    if (request.url === '/api/tags') return response.end('{"models":[{"name":"here:latest"}]}')
    if (request.url === '/locked/models') return response.writeHead(401).end()
    if (request.url === '/silent/models') return undefined
    return response.writeHead(404).end()
  })
  const port = await findFreePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${port}`
})

afterAll(() => server.closeAllConnections())

async function ask(models: readonly (readonly [string, string, string?])[]) {
  const list = models.map(([model, base, key]) => ({
    model_name: model,
    litellm_params: {
      model,
      ...(base ? { api_base: base } : {}),
      ...(key ? { api_key: key } : {}),
    },
  }))
  const { module } = readModule(JSON.stringify({ model_list: list }), {
    file: 'm',
    name: 'm',
    environment: () => undefined,
  })
  return askBackends(
    findBackends(module ? [module] : [], () => undefined),
    300,
  )
}

test('a server is asked once, however many deployments lead to it', async () => {
  asked.length = 0
  const reports = await ask([
    ['ollama/here', address],
    ['ollama_chat/here:latest', `${address}/`],
  ])
  expect(asked).toEqual(['/api/tags '])
  expect(reports.map(({ state }) => state.kind)).toEqual(['answers'])
  expect(adviceFor(reports)).toEqual([])
})

test('each is asked with its key as it wants it', async () => {
  asked.length = 0
  await ask([
    ['gemini/gemini-2.5-flash', `${address}/google/openai`, 'AIza-dummy'],
    ['openai/a', `${address}/other`, 'dummy'],
    ['vertex_ai/gemini-2.5-flash', `${address}/tokens`],
  ])
  expect(asked.toSorted()).toEqual([
    '/google/models?pageSize=1000 AIza-dummy',
    '/other/models Bearer dummy',
  ])
})

test('models it does not have are named', async () => {
  const [report] = await ask([
    ['ollama/here', address],
    ['ollama/gone:1b', address],
  ])
  expect(report?.state).toEqual({ kind: 'lacks', models: ['gone:1b'] })
})

test('who refuses the key is told apart from who is silent', async () => {
  const reports = await ask([
    ['openai/a', `${address}/locked`, 'dummy'],
    ['openai/b', `${address}/silent`, 'dummy'],
    ['openai/c', `${address}/other`, 'dummy'],
  ])
  expect(reports.map(({ state }) => state.kind)).toEqual(['refuses', 'silent', 'answers'])
  expect(asked).toContain('/locked/models Bearer dummy')
})

test('a cloud service without its key is not asked', async () => {
  const reports = await ask([['groq/x', '']])
  expect(reports[0]?.state).toEqual({ kind: 'keyless' })
  expect(adviceFor(reports)[0]).toContain('put GROQ_API_KEY into .env')
})

test('a silent Ollama is named, with the commands that start and fill it', async () => {
  const { module } = readModule(
    JSON.stringify({
      model_list: [
        {
          model_name: 'q',
          litellm_params: { model: 'ollama_chat/qwen3:8b', api_base: 'http://127.0.0.1:11434' },
        },
      ],
    }),
    { file: 'm', name: 'llm' },
  )
  const [backend] = findBackends(module ? [module] : [], () => undefined)
  const reports = backend ? [{ backend, state: { kind: 'silent' } as const }] : []
  expect(adviceFor(reports)[0]).toMatch(
    /^Ollama .*`ollama serve`.*`ollama pull qwen3:8b`.*\(llm\)$/,
  )
  expect(reports.map(stateInWords)).toEqual(['127.0.0.1:11434 silent'])
})
