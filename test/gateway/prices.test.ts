import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import {
  answerBytes,
  answerChat,
  answerEmbeddings,
  answerError,
  answerJson,
  chatFrames,
  createFakeUpstream,
  streamBytes,
  streamChat,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGateway, until, type TestGateway } from '../doubles/gateway.ts'
import { createTestPostgres, type TestPostgres } from '../doubles/postgres.ts'

let upstream: FakeUpstream
let postgres: TestPostgres
let gateway: TestGateway
let rows: (id: string) => Promise<Record<string, unknown>>

const costHeader = 'x-litellm-response-cost'
const messages = [{ role: 'user' as const, content: 'hi' }]

// The upstream is at home: prices come from base_model, or from the file.
const models = () => [
  deployment('chat', upstream.url, { base_model: 'gpt-4o' }),
  deployment('translated', upstream.url, {
    model: 'ollama_chat/qwen3',
    api_base: upstream.url,
    base_model: 'gpt-4o',
  }),
  deployment('claude', upstream.url, {
    model: 'anthropic/claude-opus-4-5',
    api_base: upstream.url,
    base_model: 'claude-opus-4-5',
  }),
  deployment('any/*', upstream.url, {
    model: 'openai/*',
    input_cost_per_token: 1e-6,
    output_cost_per_token: 2e-6,
  }),
  deployment('unknown', upstream.url, { base_model: 'nobody-knows' }),
  deployment('broken', upstream.url, { base_model: 'gpt-4o' }),
  deployment('vectors', upstream.url, { base_model: 'text-embedding-3-small' }),
  deployment('pictures', upstream.url, { output_cost_per_image: 0.04 }),
  deployment('sized', upstream.url, { base_model: 'gpt-image-1', model: 'openai/gpt-image-1' }),
  deployment('whisper', upstream.url, { base_model: 'whisper-1' }),
  deployment('speech', upstream.url, { base_model: 'tts-1' }),
  deployment('spoken', upstream.url, { base_model: 'gpt-4o-mini-tts' }),
  deployment('rerank', upstream.url, { base_model: 'cohere/rerank-v3.5' }),
  deployment('local', upstream.url),
  deployment('whisper-1', upstream.url, { model: 'openai/whisper-1' }),
  deployment('heater', upstream.url, { watts: 3_600_000, price_per_kwh: 1 }),
  deployment('slow', upstream.url, { input_cost_per_second: 0.01 }),
]

beforeAll(async () => {
  ;[upstream, postgres] = await Promise.all([createFakeUpstream(), createTestPostgres()])
  const database = await postgres.createDatabase()
  gateway = await startGateway({
    config: { module: 'priced', model_list: models(), router_settings: { num_retries: 0 } },
    env: { DATABASE_URL: database.url },
  })
  rows = async (id) => {
    let found: Record<string, unknown> | undefined
    await until(async () => {
      const query = `select cost_nano, audio_seconds, characters from colonnade.spend_logs where id = '${id}'`
      ;[found] = await database.query(query).catch(() => [])
      return found !== undefined
    })
    return found ?? {}
  }
})
afterAll(async () => {
  await gateway.close()
  await Promise.all([upstream.close(), postgres.remove()])
})
afterEach(() => upstream.script(answerChat()))

const usage = { prompt_tokens: 1000, completion_tokens: 500, total_tokens: 1500 }

async function costIn(answer: Response) {
  const id = answer.headers.get('x-litellm-call-id') ?? ''
  const row = await rows(id)
  return { header: answer.headers.get(costHeader), row: row['cost_nano'], all: row }
}

describe('the openai client is told the cost of', () => {
  test('a chat: 1000 × 2.50/M + 500 × 10/M', async () => {
    upstream.script(answerChat('Hi.', { usage }))
    const { response } = await gateway.client.chat.completions
      .create({ model: 'chat', messages })
      .withResponse()
    expect(await costIn(response)).toMatchObject({ header: '0.0075', row: '7500000' })
  })

  test('a chat in another dialect', async () => {
    const done = { done: true, done_reason: 'stop', prompt_eval_count: 1000, eval_count: 500 }
    const message = { role: 'assistant', content: 'Hi.' }
    upstream.script(
      answerJson({ model: 'qwen3', created_at: '2026-01-01T00:00:00Z', message, ...done }),
    )
    const { response } = await gateway.client.chat.completions
      .create({ model: 'translated', messages })
      .withResponse()
    expect(response.headers.get(costHeader)).toBe('0.0075')
  })

  test('embeddings: 2 × 0.02/M', async () => {
    upstream.script(answerEmbeddings())
    const { response } = await gateway.client.embeddings
      .create({ model: 'vectors', input: ['a', 'b'] })
      .withResponse()
    expect(await costIn(response)).toMatchObject({ header: '0.00000004', row: '40' })
  })

  test('pictures at a price of the file: 2 × 0.04', async () => {
    upstream.script(answerJson({ created: 1, data: [{ b64_json: 'aa' }, { b64_json: 'bb' }] }))
    const { response } = await gateway.client.images
      .generate({ model: 'pictures', prompt: 'a cat', n: 2 })
      .withResponse()
    expect(await costIn(response)).toMatchObject({ header: '0.08', row: '80000000' })
  })

  test('a picture by size and quality, and by tokens where they are told', async () => {
    const ask = () =>
      gateway.client.images
        .generate({ model: 'sized', prompt: 'a cat', size: '1024x1536', quality: 'low' })
        .withResponse()
    upstream.script(answerJson({ created: 1, data: [{ b64_json: 'aa' }] }))
    expect((await ask()).response.headers.get(costHeader)).toBe('0.016')
    const tokens = { input_tokens: 50, output_tokens: 400, total_tokens: 450 }
    upstream.script(answerJson({ created: 1, data: [{ b64_json: 'aa' }], usage: tokens }))
    // 50 × 5/M + 400 × 40/M
    expect((await ask()).response.headers.get(costHeader)).toBe('0.01625')
  })

  test('a rerank: 3 searches × 0.002', async () => {
    const meta = { billed_units: { search_units: 3 } }
    upstream.script(answerJson({ results: [{ index: 0, relevance_score: 1 }], meta }))
    const answer = await gateway.post('/v1/rerank', {
      model: 'rerank',
      query: 'a',
      documents: ['b'],
    })
    await answer.text()
    expect(answer.headers.get(costHeader)).toBe('0.006')
  })
})

describe('caches of Anthropic', () => {
  // 100 × 5/M + 1000 × 0.50/M + 500 × 6.25/M + 1500 × 10/M + 200 × 25/M
  const cost = 0.024_125
  const told = {
    input_tokens: 100,
    cache_read_input_tokens: 1000,
    cache_creation_input_tokens: 2000,
    cache_creation: { ephemeral_5m_input_tokens: 500, ephemeral_1h_input_tokens: 1500 },
    output_tokens: 200,
  }
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-opus-4-5-20251101',
    content: [{ type: 'text', text: 'Hi.' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: told,
  }

  test.each(['/v1/messages', '/v1/chat/completions'])('by %s', async (path) => {
    upstream.script(answerJson(message))
    const answer = await gateway.post(path, { model: 'claude', max_tokens: 10, messages })
    expect(answer.status).toBe(200)
    await answer.text()
    expect(Number(answer.headers.get(costHeader))).toBe(cost)
  })

  test('by a stream that tells them at its beginning', async () => {
    const start = {
      type: 'message_start',
      message: { ...message, content: [], usage: { ...told, output_tokens: 1 } },
    }
    const delta = {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn' },
      usage: { output_tokens: 200 },
    }
    const events = [start, delta, { type: 'message_stop' }]
    const frames = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    upstream.script(streamBytes(frames))
    const before = await gateway.metric('litellm_spend_metric_total', { requested_model: 'claude' })
    const answer = await gateway.post('/v1/messages', {
      model: 'claude',
      max_tokens: 10,
      messages,
      stream: true,
    })
    await answer.text()
    const after = await gateway.metric('litellm_spend_metric_total', { requested_model: 'claude' })
    expect(after - before).toBeCloseTo(cost, 9)
  })
})

test('a response is priced, its cached tokens apart: 20 × 2.50/M + 80 × 1.25/M + 10 × 10/M', async () => {
  const inner = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 }
  const chat = { usage: { ...inner, prompt_tokens_details: { cached_tokens: 80 } } }
  const tokens = { input_tokens: 100, output_tokens: 10, total_tokens: 110 }
  const body = { id: 'resp_1', object: 'response', status: 'completed', model: 'm', output: [] }
  const whole = { ...body, usage: { ...tokens, input_tokens_details: { cached_tokens: 80 } } }
  // Servers that know no responses are asked by chat.
  upstream.script((request, response) =>
    (request.path.endsWith('/responses') ? answerJson(whole) : answerChat('Hi.', chat))(
      request,
      response,
    ),
  )
  const { response } = await gateway.client.responses
    .create({ model: 'chat', input: 'hi' })
    .withResponse()
  expect(response.headers.get(costHeader)).toBe('0.00025')
})

test.each([
  ['/v1/messages', { max_tokens: 10, messages }],
  ['/v1/responses', { input: 'hi' }],
])(
  'a stream of %s over a model that chats is priced: 5 × 2.50/M + 2 × 10/M',
  async (path, asked) => {
    upstream.script(streamChat({ usage: 'asked' }))
    const answer = await gateway.post(path, { model: 'chat', stream: true, ...asked })
    expect(await answer.text()).toContain('Hel')
    expect(await costIn(answer)).toMatchObject({ row: '32500' })
  },
)

test('a model under a wildcard has its own price, and is counted as the pattern', async () => {
  upstream.script(answerChat('Hi.', { usage }))
  const answer = await gateway.post('/v1/chat/completions', { model: 'any/one', messages })
  await answer.text()
  // 1000 × 1/M + 500 × 2/M, of the file
  expect(await costIn(answer)).toMatchObject({ header: '0.002', row: '2000000' })
  const spent = await gateway.metric('litellm_spend_metric_total', { requested_model: 'any/*' })
  expect(spent).toBeCloseTo(0.002, 9)
})

test('what an upstream says that it takes is the cost of a model without a price', async () => {
  upstream.script(answerChat('Hi.', { usage: { ...usage, cost: 0.25 } }))
  const told = await gateway.post('/v1/chat/completions', { model: 'unknown', messages })
  await told.text()
  expect(told.headers.get(costHeader)).toBe('0.25')
  upstream.script(answerChat('Hi.', { usage }))
  const silent = await gateway.post('/v1/chat/completions', { model: 'unknown', messages })
  await silent.text()
  expect(silent.headers.get(costHeader)).toBeNull()
})

test('pictures have no cost where the price is one of tokens, and none are told', async () => {
  upstream.script(answerJson({ created: 1, data: [{ b64_json: 'aa' }] }))
  const answer = await gateway.post('/v1/images/generations', { model: 'chat', prompt: 'a cat' })
  await answer.text()
  expect(answer.headers.get(costHeader)).toBeNull()
})

describe('sound', () => {
  const tone = readFileSync(new URL('../fixtures/sounds/tone.ogg', import.meta.url))
  const transcribe = (model: string, format: 'json' | 'text') =>
    gateway.client.audio.transcriptions
      .create({ model, file: new File([tone], 'tone.ogg'), response_format: format })
      .withResponse()

  test('is measured on its way through where the transcript does not tell: 2.5 s × 0.0001', async () => {
    upstream.script(answerBytes('hi there', 200, { 'content-type': 'text/plain' }))
    const { response } = await transcribe('whisper', 'text')
    const cost = await costIn(response)
    expect(cost).toMatchObject({ header: '0.00025', row: '250000', all: { audio_seconds: 2.5 } })
    expect(upstream.requests.at(-1)?.body.includes(tone)).toBe(true)
  })

  test('is as long as the upstream says where it does', async () => {
    upstream.script(answerJson({ text: 'hi', usage: { type: 'duration', seconds: 3 } }))
    const { response } = await transcribe('whisper', 'json')
    expect(response.headers.get(costHeader)).toBe('0.0003')
  })

  test('costs nothing at home, whatever its model is called', async () => {
    upstream.script(answerJson({ text: 'hi' }))
    const { response } = await transcribe('whisper-1', 'json')
    expect(await costIn(response)).toMatchObject({ header: '0', row: '0' })
  })

  test('that nobody can measure has no cost', async () => {
    upstream.script(answerJson({ text: 'hi' }))
    const { response } = await gateway.client.audio.transcriptions
      .create({ model: 'whisper', file: new File(['noise'], 'a.raw') })
      .withResponse()
    expect(await costIn(response)).toMatchObject({ header: null, row: null })
  })

  test('made of text costs its characters: 6 × 0.000015', async () => {
    upstream.script(answerBytes(tone, 200, { 'content-type': 'audio/ogg' }))
    const response = await gateway.client.audio.speech.create({
      model: 'speech',
      voice: 'alloy',
      input: 'héllo👋',
    })
    expect(Buffer.from(await response.arrayBuffer()).equals(tone)).toBe(true)
    expect(await costIn(response)).toMatchObject({ header: '0.00009', all: { characters: '6' } })
  })

  test('made of text costs its seconds where that is the price: 2.5 s × 0.00025', async () => {
    upstream.script(answerBytes(tone, 200, { 'content-type': 'audio/ogg' }))
    const response = await gateway.client.audio.speech.create({
      model: 'spoken',
      voice: 'alloy',
      input: 'hello',
    })
    await response.arrayBuffer()
    expect(await costIn(response)).toMatchObject({ header: null, row: '625000' })
  })
})

describe('a stream', () => {
  async function read(model: string, isUsageAsked: boolean) {
    const { data, response } = await gateway.client.chat.completions
      .create({
        model,
        messages,
        stream: true,
        ...(isUsageAsked && { stream_options: { include_usage: true } }),
      })
      .withResponse()
    const usages: unknown[] = []
    for await (const chunk of data) if (chunk.usage) usages.push(chunk.usage)
    return { response, usages }
  }

  test('tells its cost with the usage that the caller asked for: 5 × 2.50/M + 2 × 10/M', async () => {
    upstream.script(streamChat({ usage: 'asked' }))
    const { response, usages } = await read('chat', true)
    expect(usages).toEqual([
      { cost: 0.000_032_5, prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    ])
    expect(await costIn(response)).toMatchObject({ header: '0', row: '32500' })
  })

  test('whose caller asked for no usage is paid all the same', async () => {
    upstream.script(streamChat({ usage: 'asked' }))
    const { response, usages } = await read('chat', false)
    expect(usages).toEqual([])
    expect(await costIn(response)).toMatchObject({ row: '32500' })
  })

  test('in another dialect tells it too', async () => {
    const piece = {
      model: 'q',
      created_at: '2026-01-01T00:00:00Z',
      message: { role: 'assistant', content: 'a' },
    }
    const end = { ...piece, done: true, done_reason: 'stop', prompt_eval_count: 5, eval_count: 2 }
    const lines = [{ ...piece, done: false }, end].map((line) => `${JSON.stringify(line)}\n`)
    const type = { 'content-type': 'application/x-ndjson' }
    upstream.script(answerBytes(lines.join(''), 200, type))
    const { usages } = await read('translated', true)
    expect(usages).toMatchObject([{ cost: 0.000_032_5, total_tokens: 7 }])
  })

  test('of a local model is passed on as it came', async () => {
    upstream.script(streamChat({ usage: 'asked' }))
    const { response, usages } = await read('local', true)
    expect(usages).toEqual([{ prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 }])
    expect(await costIn(response)).toMatchObject({ header: '0', row: '0' })
  })

  test('that breaks off costs what was produced', async () => {
    upstream.script(streamBytes(chatFrames({ texts: ['a', 'b', 'c'] }, false).slice(0, 3)))
    const labels = { requested_model: 'broken' }
    expect(await gateway.metric('litellm_spend_metric_total', labels)).toBe(0)
    await expect(read('broken', true)).rejects.toThrow(/broke off/)
    await until(async () => (await gateway.metric('litellm_spend_metric_total', labels)) > 0)
  })
})

describe('time', () => {
  test('at home costs its energy: a kilowatt-hour a second here', async () => {
    const answer = await gateway.post('/v1/chat/completions', { model: 'heater', messages })
    await answer.text()
    const cost = Number(answer.headers.get(costHeader))
    expect(cost).toBeGreaterThan(0)
    expect(cost).toBeLessThan(60)
  })

  test('of a host that is paid by it is counted', async () => {
    const answer = await gateway.post('/v1/chat/completions', { model: 'slow', messages })
    await answer.text()
    expect(Number(answer.headers.get(costHeader))).toBeGreaterThan(0)
  })
})

test('a refusal costs nothing and says no cost', async () => {
  upstream.script(answerError(400))
  const answer = await gateway.post('/v1/chat/completions', { model: 'chat', messages })
  await answer.text()
  expect(await costIn(answer)).toMatchObject({ header: null, row: null })
})

test('what was spent is a metric and in the explanation', async () => {
  upstream.script(answerChat('Hi.', { usage }))
  const before = await gateway.metric('litellm_spend_metric_total', { requested_model: 'chat' })
  const answer = await gateway.post('/v1/chat/completions', { model: 'chat', messages })
  await answer.text()
  const after = await gateway.metric('litellm_spend_metric_total', { requested_model: 'chat' })
  expect(after - before).toBeCloseTo(0.0075, 9)
  const id = answer.headers.get('x-litellm-call-id') ?? ''
  const told: unknown = await (await gateway.get(`/explain/${id}`)).json()
  expect(told).toMatchObject({ cost: 0.0075, usage: { promptTokens: 1000 } })
})

describe('a model of a vendor without a price', () => {
  const vendor = { model: 'openai/nobody-knows', api_base: 'http://vendor.example/v1' }
  const start = (prices: object, params = {}, name = 'm') =>
    startGateway({
      config: {
        prices,
        model_list: [
          deployment(name, '', { ...vendor, ...params }),
          deployment('known', '', { ...vendor, model: 'openai/gpt-4o' }),
        ],
      },
    })
  const listed = async ({ client }: TestGateway) => {
    const names: string[] = []
    for await (const { id } of client.models.list()) names.push(id)
    return names
  }

  test('is served, and the log says so', async () => {
    const told = await start({})
    expect(await listed(told)).toEqual(['m', 'known'])
    const warnings = told.log.filter((line) => line.includes('nobody knows the price'))
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('openai/nobody-knows')
    await told.close()
  })

  test('is left out where nothing without a price is to be served', async () => {
    const refusing = await start({ unpriced: 'refuse' })
    expect(await listed(refusing)).toEqual(['known'])
    expect(refusing.log.join('')).toContain('nobody knows the price of nobody-knows')
    await refusing.close()
    const exempt = await start({ unpriced: 'refuse' }, { unpriced: 'free' })
    expect(await listed(exempt)).toEqual(['m', 'known'])
    expect(exempt.log.join('')).not.toContain('nobody knows')
    await exempt.close()
  })

  test('is refused under a wildcard', async () => {
    const refusing = await start({ unpriced: 'refuse' }, { model: 'openai/*' }, '*')
    const answer = await refusing.post('/v1/chat/completions', { model: 'nobody-knows', messages })
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({
      error: { code: 'model_not_allowed', message: expect.stringContaining('the price') },
    })
    await refusing.close()
  })
})

test('cost-based routing goes by the list where the file has no price', async () => {
  const two = [
    deployment('m', upstream.url, { base_model: 'gpt-4o', model: 'openai/dear' }),
    deployment('m', upstream.url, { base_model: 'gpt-4o-mini', model: 'openai/cheap' }),
  ]
  const routing = await startGateway({
    config: { model_list: two, router_settings: { routing_strategy: 'cost-based-routing' } },
  })
  const answer = await routing.post('/v1/chat/completions', { model: 'm', messages })
  await answer.text()
  expect(upstream.requests.at(-1)?.body.toString()).toContain('"cheap"')
  await routing.close()
})
