import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  answerChat,
  answerJson,
  createFakeUpstream,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { startGateway, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway
const messages = [{ role: 'user', content: 'Hi' }]

/** Each model with what is written for it: a name to ask for and litellm_params. */
const models: Record<string, Record<string, unknown>> = {
  plain: { model: 'openai/up' },
  warm: { model: 'openai/up', temperature: 0.2, max_tokens: 100, seed: 7 },
  'warm-new': { model: 'openai/up', max_completion_tokens: 100 },
  picky: {
    model: 'openai/up',
    tools: [{ type: 'function', function: { name: 'own', strict: true } }],
    additional_drop_params: ['user', 'tools[*].function.strict', 'metadata.inner', 'stop[0]'],
    extra_body: { top_k: 4 },
  },
  groq: { model: 'groq/llama' },
  'groq-drops': { model: 'groq/llama', drop_params: true, logit_bias: { 1: 2 }, temperature: 1 },
  'groq-allows': { model: 'groq/llama', drop_params: true, allowed_openai_params: ['n'] },
  'groq-repairs': { model: 'groq/llama', modify_params: true },
  'mistral-drops': { model: 'mistral/large', drop_params: true },
  'mistral-repairs': { model: 'mistral/large', modify_params: true },
  reasoning: { model: 'openai/gpt-5-mini', drop_params: true },
  'some/*': { model: 'openai/*', drop_params: true },
  claude: { model: 'anthropic/claude-sonnet-4-5', modify_params: true },
  unruled: { model: 'hosted_vllm/up', drop_params: true, modify_params: true },
}

beforeAll(async () => {
  upstream = await createFakeUpstream()
  const model_list = Object.entries(models).map(([model_name, params]) => ({
    model_name,
    litellm_params: { api_base: `${upstream.url}/v1`, api_key: 'none', ...params },
  }))
  gateway = await startGateway({ config: { model_list } })
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

beforeEach(() => upstream.script(answerChat()))

/** The bytes the upstream got. */
async function sentText(model: string, fields: Record<string, unknown>): Promise<string> {
  const answer = await gateway.post('/v1/chat/completions', { model, messages, ...fields })
  expect(answer.status).toBe(200)
  return upstream.requests.at(-1)?.body.toString() ?? ''
}

/** The fields the upstream got, without the model's name and, where they are as they came, the messages. */
async function sent(model: string, fields: Record<string, unknown>): Promise<unknown> {
  const { model: _, ...rest } = JSON.parse(await sentText(model, fields))
  if (JSON.stringify(rest.messages) === JSON.stringify(messages)) delete rest.messages
  return rest
}

describe('defaults of a model', () => {
  test('are sent where the caller names no value, whose own one goes before them', async () => {
    expect(await sent('warm', {})).toEqual({ temperature: 0.2, max_tokens: 100, seed: 7 })
    expect(await sent('warm', { temperature: 1, top_p: 0.5 })).toEqual({
      temperature: 1,
      top_p: 0.5,
      max_tokens: 100,
      seed: 7,
    })
    expect(await sent('warm', { temperature: null })).toMatchObject({ temperature: null })
  })

  test('for the most tokens are overridden under either name', async () => {
    expect(await sent('warm', { max_completion_tokens: 5 })).toEqual({
      temperature: 0.2,
      seed: 7,
      max_completion_tokens: 5,
    })
    expect(await sent('warm-new', { max_tokens: 5 })).toEqual({ max_tokens: 5 })
    expect(await sent('warm-new', { max_tokens: null })).toEqual({
      max_tokens: null,
      max_completion_tokens: 100,
    })
  })

  test('leave every other byte as it is', async () => {
    const body =
      '{ "messages" : [{"role":"user","content":"\\u0041"}], "model":"warm","seed":1.0,"__proto__":{"a":1} }'
    await gateway.post('/v1/chat/completions', body)
    expect(upstream.requests.at(-1)?.body.toString()).toBe(
      '{"temperature":0.2,"max_tokens":100, "messages" : [{"role":"user","content":"\\u0041"}], "model":"up","seed":1.0,"__proto__":{"a":1} }',
    )
  })
})

describe('additional_drop_params', () => {
  test('leaves out fields and parts of fields, of the caller and of the defaults', async () => {
    const tool = (name: string) => ({ type: 'function', function: { name } })
    const strict = (name: string) => ({
      type: 'function',
      function: { name, strict: true },
    })
    expect(
      await sent('picky', {
        user: 'me',
        tools: [strict('a'), tool('b')],
        stop: ['x', 'y'],
      }),
    ).toEqual({ tools: [tool('a'), tool('b')], stop: ['y'], top_k: 4 })
    expect(await sent('picky', {})).toEqual({ tools: [tool('own')], top_k: 4 })
  })

  test('lets a path that leads nowhere be', async () => {
    const fields = { tools: 'none', stop: 'x' }
    expect(await sent('picky', fields)).toEqual({ ...fields, top_k: 4 })
  })

  test('holds for uploads too', async () => {
    upstream.script(answerJson({ text: 'x' }))
    const form = new FormData()
    form.set('model', 'picky')
    form.set('user', 'me')
    form.set('language', 'en')
    form.set('file', new Blob(['abc']), 'a.wav')
    const answer = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}` },
      body: form,
    })
    expect(answer.status).toBe(200)
    const body = upstream.requests.at(-1)?.body.toString()
    expect(body).toContain('name="language"')
    expect(body).not.toContain('name="user"')
  })
})

describe('drop_params', () => {
  const refused = { logprobs: true, n: 2, top_k: 3 }

  test('off: everything is sent, and the provider answers', async () => {
    expect(await sent('groq', refused)).toEqual(refused)
  })

  test('leaves out what the provider is known to refuse, defaults too, and nothing that nobody knows', async () => {
    expect(await sent('groq-drops', { ...refused, logit_bias: {} })).toEqual({
      top_k: 3,
      temperature: 1,
    })
  })

  test('leaves in what is allowed all the same', async () => {
    expect(await sent('groq-allows', refused)).toEqual({ n: 2, top_k: 3 })
  })

  test('sends a parameter under the name the provider has for it', async () => {
    expect(await sent('mistral-drops', { max_completion_tokens: 9, seed: 1, user: 'me' })).toEqual({
      max_tokens: 9,
      random_seed: 1,
    })
    expect(await sent('mistral-drops', { max_completion_tokens: 9, max_tokens: 5 })).toEqual({
      max_tokens: 5,
    })
  })

  test('goes by the model where a vendor has several kinds, behind a wildcard too', async () => {
    const fields = { temperature: 0, max_tokens: 5, top_k: 1 }
    const reasoned = { max_completion_tokens: 5, top_k: 1 }
    expect(await sent('reasoning', fields)).toEqual(reasoned)
    expect(await sent('some/gpt-4.1', fields)).toEqual(fields)
    expect(await sent('some/o3-mini', fields)).toEqual(reasoned)
    expect(await sent('some/gpt-5-chat-latest', fields)).toEqual(fields)
    expect(JSON.parse(await sentText('some/o3', fields))).toMatchObject({ model: 'o3' })
  })

  test('changes nothing at a server whose rules are not known', async () => {
    const fields = { logit_bias: {}, max_completion_tokens: 1, n: 2 }
    expect(await sent('unruled', fields)).toEqual(fields)
  })
})

describe('modify_params', () => {
  const call = {
    role: 'assistant',
    content: '',
    tool_calls: [{ id: '1', type: 'function', function: { name: 'look', arguments: '{}' } }],
  }
  const result = { role: 'tool', tool_call_id: '1', content: 'seen' }

  test('fills what must not be empty, and lists tools that were called', async () => {
    const asked = [
      { role: 'system', content: 'Be brief.' },
      call,
      result,
      { role: 'user', content: [{ type: 'text', text: ' ' }] },
    ]
    const text = (words: string) => ({ type: 'text', text: words })
    upstream.script(answerJson({ content: [] }))
    expect(await sent('claude', { messages: asked })).toEqual({
      max_tokens: 4096,
      system: [text('Be brief.')],
      messages: [
        { role: 'user', content: [text('.')] },
        { role: 'assistant', content: [{ type: 'tool_use', id: '1', name: 'look', input: {} }] },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: '1', content: [text('seen')] }, text('.')],
        },
      ],
      tools: [{ name: 'look', input_schema: { type: 'object', properties: {} } }],
    })
  })

  test('says it in words the provider has', async () => {
    const asked = [{ role: 'user', content: 'Hi', name: 'me' }]
    expect(await sent('mistral-repairs', { messages: asked, tool_choice: 'required' })).toEqual({
      tool_choice: 'any',
    })
    expect(await sent('groq-repairs', { messages: asked, n: 1 })).toEqual({ n: 1 })
    expect(await sent('groq', { messages: asked })).toEqual({ messages: asked })
  })

  test('leaves a request alone that nobody would refuse, to the byte', async () => {
    const body = '{ "model": "groq-repairs",  "messages": [{"role":"user","content":"\\u0041"}] }'
    await gateway.post('/v1/chat/completions', body)
    expect(upstream.requests.at(-1)?.body.toString()).toBe(body.replace('groq-repairs', 'llama'))
  })

  test('leaves servers alone whose rules are not known', async () => {
    const fields = { messages: [{ role: 'assistant', content: '' }] }
    expect(await sent('unruled', fields)).toEqual(fields)
  })
})

test('nothing is dropped or changed where nothing asks for it', async () => {
  const text = await sentText('plain', { n: 3, user: 'me', zorble: { deep: [1] } })
  expect(text).toBe(
    JSON.stringify({ model: 'up', messages, n: 3, user: 'me', zorble: { deep: [1] } }),
  )
})
