import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cosine } from '../../scripts/backends/checks.ts'
import { addressesOf, findMissing, needsOf } from '../../scripts/backends/needs.ts'

let server: Server
let origin: string
let answers: Record<string, unknown>

beforeEach(async () => {
  answers = {
    '/api/tags': { models: [{ name: 'llama3.2:latest' }, { name: 'qwen3:8b' }] },
    '/models': { data: [] },
    '/sdapi/v1/options': {},
  }
  server = createServer((request, response) => {
    const answer = answers[request.url ?? '']
    response.writeHead(answer === undefined ? 503 : 200).end(JSON.stringify(answer ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  origin = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
})
afterEach(() => server.close())

const needs = (models: readonly string[]): ReturnType<typeof needsOf> =>
  needsOf({ ollama: origin, speech: origin, vision: origin, pictures: origin }, models)

describe('the backends', () => {
  test('are all there where each answers and Ollama has the models, with or without a tag', async () => {
    expect(await findMissing(needs(['llama3.2', 'qwen3:8b']))).toEqual([])
  })

  test('a model that Ollama lacks is named with the command that gets it', async () => {
    const [sentence] = await findMissing(needs(['llama3.2', 'all-minilm']))
    expect(sentence).toMatch(/it lacks all-minilm; get `ollama pull all-minilm`$/)
  })

  test('one that answers with an error is named with its status', async () => {
    delete answers['/sdapi/v1/options']
    const missing = await findMissing(needs([]))
    expect(missing).toHaveLength(1)
    expect(missing[0]).toMatch(/Stable Diffusion WebUI.* answers 503/)
  })

  test('each that does not answer gets its own sentence', async () => {
    server.close()
    server.closeAllConnections()
    expect(await findMissing(needs([]))).toHaveLength(4)
  })

  test('what reads pictures stands where VISION_API_BASE says', () => {
    expect(addressesOf({ VISION_API_BASE: 'http://127.0.0.1:9/v1' }).vision).toBe(
      'http://127.0.0.1:9/v1',
    )
    expect(addressesOf({}).vision).toMatch(/^http:\/\/127\.0\.0\.1:/)
  })
})

test('the cosine of two vectors is about their direction alone', () => {
  expect(cosine([1, 2], [2, 4])).toBeCloseTo(1)
  expect(cosine([1, 0], [0, 3])).toBe(0)
})
