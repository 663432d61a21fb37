import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { startStandIns, type StandIns } from '../../scripts/stand-ins.ts'
import {
  answerChat,
  answerEmbeddings,
  answerJson,
  createFakeUpstream,
  streamBytes,
  streamChat,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGateway, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let standIns: StandIns
let gateway: TestGateway

beforeAll(async () => {
  upstream = await createFakeUpstream()
  standIns = await startStandIns({ models: ['qwen3:8b'] })
  gateway = await startGateway({
    config: {
      model_list: [
        deployment('gpt', upstream.url),
        {
          model_name: 'qwen',
          litellm_params: {
            model: 'ollama_chat/qwen3:8b',
            api_base: standIns.addresses.ollama,
          },
          model_info: { mode: 'chat', max_output_tokens: 99 },
        },
      ],
      router_settings: {
        model_group_alias: { short: 'gpt', secret: { model: 'gpt', hidden: true } },
      },
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await standIns.close()
})
beforeEach(() => upstream.script(answerChat()))

const messages = [{ role: 'user' as const, content: 'Say hello.' }]

async function collect(stream: AsyncIterable<OpenAI.ChatCompletionChunk>) {
  const chunks: OpenAI.ChatCompletionChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
  return { chunks, text, usages: chunks.flatMap(({ usage }) => usage ?? []) }
}

describe.each(['gpt', 'qwen', 'short', 'secret'])('chat with %s', (model) => {
  test('an answer carries the asked name and its usage', async () => {
    const answer = await gateway.client.chat.completions.create({ model, messages })
    expect(answer).toMatchObject({ model, object: 'chat.completion' })
    expect(answer.choices[0]?.message.content).toMatch(/hello/i)
    expect(answer.usage?.total_tokens).toBeGreaterThan(0)
  })

  test.each([undefined, { include_usage: false }, { include_usage: true }])(
    'a stream shows usage only where it is asked for: %o',
    async (stream_options) => {
      upstream.script(streamChat({ texts: ['hel', 'lo'] }))
      const { chunks, text, usages } = await collect(
        await gateway.client.chat.completions.create({
          model,
          messages,
          stream: true,
          ...(stream_options && { stream_options }),
        }),
      )
      expect(text).toMatch(/hello/i)
      expect(new Set(chunks.map((chunk) => chunk.model))).toEqual(new Set([model]))
      expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1)
      expect(usages).toHaveLength(stream_options?.include_usage ? 1 : 0)
      expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual(['stop'])
      if (stream_options?.include_usage) expect(chunks.at(-1)?.choices).toEqual([])
      else for (const { choices } of chunks) expect(choices).toHaveLength(1)
    },
  )
})

test('usage of a stream is counted though the caller does not see it', async () => {
  upstream.script(streamChat({ texts: ['a', 'b', 'c'] }))
  const counted = () =>
    gateway.metric('litellm_output_tokens_metric_total', { requested_model: 'gpt' })
  const before = await counted()
  await collect(
    await gateway.client.chat.completions.create({ model: 'gpt', messages, stream: true }),
  )
  expect((await counted()) - before).toBe(3)
  expect(String(upstream.requests.at(-1)?.body)).toContain('"include_usage":true')
})

test('pictures in a message reach either dialect', async () => {
  const url = `data:image/png;base64,${onePixel}`
  const parts = [
    { type: 'text' as const, text: 'What is this?' },
    { type: 'image_url' as const, image_url: { url, detail: 'low' as const } },
  ]
  const asked = [{ role: 'user' as const, content: parts }]
  await gateway.client.chat.completions.create({ model: 'gpt', messages: asked })
  const sent: unknown = JSON.parse(String(upstream.requests.at(-1)?.body))
  expect(sent).toMatchObject({ messages: [{ content: parts }] })
  const seen = await gateway.client.chat.completions.create({ model: 'qwen', messages: asked })
  // The stand-in says how many pictures it was shown.
  expect(seen.choices[0]?.message.content).toMatch(/1 picture|picture/i)
})

describe('tools', () => {
  const tool = (name: string) => ({
    type: 'function' as const,
    function: { name, parameters: { type: 'object', properties: { city: { type: 'string' } } } },
  })
  const call = (index: number, id: string, city: string) => ({
    index,
    id,
    type: 'function' as const,
    function: { name: 'weather', arguments: JSON.stringify({ city }) },
  })
  const calls = [call(0, 'call_a', 'Łódź'), call(1, 'call_b', 'Bern')]

  test('parallel calls come back as they are', async () => {
    upstream.script(
      answerJson({
        model: 'u',
        choices: [
          {
            index: 0,
            finish_reason: 'tool_calls',
            message: { role: 'assistant', tool_calls: calls },
          },
        ],
      }),
    )
    const answer = await gateway.client.chat.completions.create({
      model: 'gpt',
      messages,
      tools: [tool('weather'), tool('time')],
      parallel_tool_calls: true,
    })
    expect(answer.choices[0]?.message.tool_calls).toEqual(calls)
    expect(JSON.parse(String(upstream.requests.at(-1)?.body))).toMatchObject({
      tools: [tool('weather'), tool('time')],
      parallel_tool_calls: true,
    })
  })

  test('streamed calls are put together by the client', async () => {
    const frame = (delta: object, finish: string | null = null) =>
      `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'u', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
    const pieces = calls.flatMap(({ index, id, type, function: { name, arguments: text } }) => [
      frame({ tool_calls: [{ index, id, type, function: { name, arguments: '' } }] }),
      frame({ tool_calls: [{ index, function: { arguments: text.slice(0, 5) } }] }),
      frame({ tool_calls: [{ index, function: { arguments: text.slice(5) } }] }),
    ])
    upstream.script(
      streamBytes([
        frame({ role: 'assistant' }),
        ...pieces,
        frame({}, 'tool_calls'),
        'data: [DONE]\n\n',
      ]),
    )
    const runner = gateway.client.chat.completions.stream({
      model: 'gpt',
      messages,
      tools: [tool('weather')],
    })
    const final = await runner.finalChatCompletion()
    expect(
      final.choices[0]?.message.tool_calls?.map((one) =>
        one.type === 'function' ? [one.id, one.function.arguments] : [],
      ),
    ).toEqual(calls.map(({ id, function: { arguments: text } }) => [id, text]))
  })
})

describe('completions', () => {
  const answer = answerJson({
    id: 'cmpl-1',
    object: 'text_completion',
    model: 'u',
    choices: [{ index: 0, text: 'hello there', finish_reason: 'stop', logprobs: null }],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  })

  test.each(['gpt', 'qwen'])('%s completes', async (model) => {
    upstream.script(answer)
    const completion = await gateway.client.completions.create({ model, prompt: 'hello' })
    expect(completion).toMatchObject({ model, object: 'text_completion' })
    expect(completion.choices[0]?.text).toMatch(/hello/i)
    expect(completion.usage?.total_tokens).toBeGreaterThan(0)
  })

  test.each(['gpt', 'qwen'])('%s streams', async (model) => {
    const frame = (text: string, finish: string | null) =>
      `data: ${JSON.stringify({ id: 'x', object: 'text_completion', model: 'u', choices: [{ index: 0, text, finish_reason: finish }] })}\n\n`
    upstream.script(streamBytes([frame('hel', null), frame('lo', 'stop'), 'data: [DONE]\n\n']))
    const stream = await gateway.client.completions.create({ model, prompt: 'hello', stream: true })
    let text = ''
    for await (const chunk of stream) {
      text += chunk.choices[0]?.text ?? ''
      expect(chunk.model).toBe(model)
    }
    expect(text).toMatch(/hello/i)
  })
})

describe('embeddings', () => {
  test.each(['gpt', 'qwen'])('%s as floats, one for each input', async (model) => {
    upstream.script(answerEmbeddings())
    const { data, usage, ...rest } = await gateway.client.embeddings.create({
      model,
      input: ['a', 'b'],
      encoding_format: 'float',
    })
    expect(rest.model).toBe(model)
    expect(data.map(({ index }) => index)).toEqual([0, 1])
    for (const { embedding } of data) expect(embedding.every(Number.isFinite)).toBe(true)
    expect(usage.total_tokens).toBeGreaterThan(0)
  })

  test('base64, which the client asks for by itself, is the same vector', async () => {
    const [float, base64] = await Promise.all([
      gateway.client.embeddings.create({ model: 'qwen', input: 'a', encoding_format: 'float' }),
      gateway.client.embeddings.create({ model: 'qwen', input: 'a' }),
    ])
    const wanted = float.data[0]?.embedding ?? []
    expect(wanted.length).toBeGreaterThan(0)
    for (const [at, value] of (base64.data[0]?.embedding ?? [NaN]).entries())
      expect(value).toBeCloseTo(wanted[at] ?? NaN, 5)
    const raw: unknown = await (
      await gateway.post('/v1/embeddings', { model: 'qwen', input: 'a', encoding_format: 'base64' })
    ).json()
    expect(raw).toMatchObject({ data: [{ embedding: expect.stringMatching(/^[\w+/]+=*$/) }] })
  })

  test('base64 of an upstream that speaks it goes through', async () => {
    const embedding = Buffer.from(new Float32Array([0.5, -1]).buffer).toString('base64')
    upstream.script(
      answerJson({
        object: 'list',
        model: 'u',
        data: [{ object: 'embedding', index: 0, embedding }],
      }),
    )
    const { data } = await gateway.client.embeddings.create({ model: 'gpt', input: 'a' })
    expect(data[0]?.embedding).toEqual([0.5, -1])
    expect(String(upstream.requests.at(-1)?.body)).toContain('"encoding_format":"base64"')
  })
})

describe('models', () => {
  test('are listed by public name, aliases among them, hidden ones not', async () => {
    const names: string[] = []
    for await (const model of gateway.client.models.list()) names.push(model.id)
    expect(names).toEqual(['short', 'gpt', 'qwen'])
  })

  test('one is told by its name', async () => {
    expect(await gateway.client.models.retrieve('qwen')).toMatchObject({ id: 'qwen', mode: 'chat' })
    await expect(gateway.client.models.retrieve('nobody')).rejects.toThrow(OpenAI.NotFoundError)
  })

  test('without a key only names are told', async () => {
    const { data }: { data: object[] } = JSON.parse(
      await (await fetch(`${gateway.url}/v1/models`)).text(),
    )
    for (const model of data)
      expect(Object.keys(model).toSorted()).toEqual(['created', 'id', 'object', 'owned_by'])
  })
})

const onePixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
