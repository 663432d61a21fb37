import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  after,
  answerChat,
  answerError,
  chatFrames,
  createFakeUpstream,
  cutAfter,
  refusingUrl,
  streamChat,
  type Behaviour,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGateway, until, type TestGateway } from '../doubles/gateway.ts'

const path = '/v1/chat/completions'
const messages = [{ role: 'user', content: 'hi' }]
const tooLong = answerError(400, {
  error: { message: 'maximum context length is 10 tokens', code: 'context_length_exceeded' },
})
const refused = answerError(400, {
  error: { message: 'flagged', code: 'content_filter', type: 'invalid_request_error' },
})

/** How a model's server behaves; a model without an entry answers with its own name. */
let behaviours: Record<string, Behaviour> = {}
let upstream: FakeUpstream
let gateway: TestGateway

const playing: Behaviour = (request, response) => {
  const { model, stream }: { model: string; stream?: boolean } = JSON.parse(request.body.toString())
  const well = stream ? streamChat({ texts: [model] }) : answerChat(model)
  return (behaviours[model] ?? well)(request, response)
}

beforeAll(async () => {
  upstream = await createFakeUpstream(playing)
  const at = (name: string, params: Record<string, unknown> = {}, info = {}) => ({
    ...deployment(name, upstream.url, { model: `openai/${name}`, num_retries: 0, ...params }),
    model_info: { id: `${name}-id`, ...info },
  })
  gateway = await startGateway({
    config: {
      model_list: [
        ...['a', 'b', 'c', 'd', 'e', 'long', 'polite', 'any', 'x', 'y'].map((name) => at(name)),
        at('small', {}, { max_input_tokens: 10 }),
        at('free', { quota: { unit: 'requests', amount: 1, per: 'day', resets: '00:00 UTC' } }),
        at('narrow', { max_parallel_requests: 1 }),
        deployment('dead', await refusingUrl(), { num_retries: 1 }),
        at('openai/*', { model: 'openai/*' }),
      ],
      router_settings: {
        disable_cooldowns: true,
        enable_pre_call_checks: true,
        max_fallbacks: 3,
        fallbacks: [
          { a: ['b', 'c'] },
          { b: ['d', 'a'] },
          { c: ['c', 'a', 'b'] },
          { x: ['y'] },
          { y: ['x'] },
          { free: ['c'] },
          { narrow: ['c'] },
          { e: ['dead', 'd', 'c', 'b', 'a'] },
        ],
        default_fallbacks: ['any'],
        context_window_fallbacks: [{ a: ['long'] }, { small: ['long'] }],
        content_policy_fallbacks: [{ a: ['polite'] }],
        model_group_alias: { pair: ['x', 'c'] },
      },
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => {
  behaviours = {}
})

interface Seen {
  readonly status: number
  readonly text: string
  readonly headers: Headers
  /** Models that were called, in order. */
  readonly called: readonly string[]
}

async function ask(body: Record<string, unknown>, headers = {}): Promise<Seen> {
  const before = upstream.requests.length
  const response = await gateway.post(path, { messages, ...body }, headers)
  const text = await response.text()
  const called = upstream.requests
    .slice(before)
    .map(({ body: sent }) => String(JSON.parse(sent.toString()).model))
  return { status: response.status, text, headers: response.headers, called }
}

const fail = (...models: string[]): void => {
  for (const model of models) behaviours[model] = answerError(500)
}
const contentOf = ({ text }: Seen): string => JSON.parse(text).choices[0].message.content

describe('the walk', () => {
  test('goes to the next model, and says who answered', async () => {
    fail('a')
    const seen = await ask({ model: 'a' })
    expect(seen).toMatchObject({ status: 200, called: ['a', 'b'] })
    expect(contentOf(seen)).toBe('b')
    expect(JSON.parse(seen.text).model).toBe('a')
    expect(seen.headers.get('x-litellm-model-group')).toBe('b')
    expect(seen.headers.get('x-litellm-model-id')).toBe('b-id')
    expect(seen.headers.get('x-litellm-attempted-fallbacks')).toBe('1')
    expect(seen.headers.get('x-litellm-attempted-retries')).toBe('0')
  })

  test('goes depth first, and to no model twice', async () => {
    fail('a', 'b', 'd')
    expect(await ask({ model: 'a' })).toMatchObject({ status: 200, called: ['a', 'b', 'd', 'any'] })
  })

  test('ends in a circle, with the first failure', async () => {
    behaviours = { x: answerError(500), y: answerError(401) }
    const seen = await ask({ model: 'x' })
    expect(seen).toMatchObject({ status: 502, called: ['x', 'y'] })
    expect(JSON.parse(seen.text)).toMatchObject({ error: { code: 'some_code' } })
    expect(seen.headers.get('x-litellm-model-group')).toBe('x')
    expect(seen.headers.get('x-litellm-model-id')).toBe('x-id')
    expect(seen.headers.get('x-litellm-attempted-fallbacks')).toBe('1')
  })

  test('tries at most as many as max_fallbacks says', async () => {
    fail('e', 'd', 'c', 'b', 'a', 'any')
    const { called } = await ask({ model: 'e' })
    // The first of the three is not even there.
    expect(called).toHaveLength(3)
  })

  test('gives each model its own retries', async () => {
    fail('a')
    behaviours['b'] = answerError(500)
    const seen = await ask({ model: 'a', num_retries: 1, fallbacks: ['b'] })
    expect(seen).toMatchObject({ status: 502, called: ['a', 'a', 'b', 'b'] })
  })

  test('leads away from a fault of the request that the server finds', async () => {
    behaviours['a'] = answerError(422)
    expect((await ask({ model: 'a' })).called).toEqual(['a', 'b'])
  })

  test('does not begin for a request that is wrong in itself', async () => {
    const seen = await ask({ model: 'a', messages: 'no list' })
    expect(seen).toMatchObject({ status: 400, called: [] })
  })

  test('knows what stands for any model, under a pattern too', async () => {
    fail('gpt-x')
    const seen = await ask({ model: 'openai/gpt-x' })
    expect(seen).toMatchObject({ status: 200, called: ['gpt-x', 'any'] })
  })

  test('goes over the models of an alias in order, then to fallbacks', async () => {
    fail('x', 'c')
    const seen = await ask({ model: 'pair' })
    expect(seen.called.slice(0, 3)).toEqual(['x', 'y'])
    behaviours['y'] = answerError(500)
    expect((await ask({ model: 'pair' })).called).toEqual(['x', 'y', 'c', 'a'])
  })
})

describe('a stream', () => {
  test('has its fallback before the first byte', async () => {
    fail('a')
    const seen = await ask({ model: 'a', stream: true })
    expect(seen.called).toEqual(['a', 'b'])
    expect(seen.text).toContain('"content":"b"')
    expect(seen.text).toContain('"model":"a"')
  })

  test('has none after it', async () => {
    const [first = ''] = chatFrames({}, false)
    behaviours['a'] = cutAfter(first.length, first)
    const seen = await ask({ model: 'a', stream: true })
    expect(seen.called).toEqual(['a'])
    expect(seen.text).toContain('stream_interrupted')
  })
})

describe('an upload', () => {
  const form = (parts: readonly (readonly [string, string | Blob])[]): FormData => {
    const data = new FormData()
    for (const [name, value] of parts) data.append(name, value)
    return data
  }
  const file = new Blob(['x'.repeat(300_000)])
  const transcribe = (parts: readonly (readonly [string, string | Blob])[]) =>
    fetch(`${gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}` },
      body: form(parts),
    })

  test('that is kept goes to the fallback too', async () => {
    upstream.script([answerError(500), answerChat('heard')])
    const response = await transcribe([
      ['file', file],
      ['model', 'a'],
      ['fallbacks', '["b"]'],
    ])
    expect(response.status).toBe(200)
    upstream.script(playing)
  })

  test('that flows through goes to no second server', async () => {
    upstream.script([answerError(500), answerChat('heard')])
    const before = upstream.requests.length
    const response = await transcribe([
      ['model', 'a'],
      ['file', file],
    ])
    expect(response.status).toBe(502)
    expect(upstream.requests).toHaveLength(before + 1)
    upstream.script(playing)
  })
})

describe('kinds of failure', () => {
  test('a prompt that is too long has models of its own', async () => {
    behaviours['a'] = tooLong
    expect((await ask({ model: 'a' })).called).toEqual(['a', 'long'])
    behaviours['b'] = tooLong
    // Lists for long prompts are set, and none is for this one.
    expect(await ask({ model: 'b' })).toMatchObject({ status: 400, called: ['b'] })
  })

  test('content that is refused as well', async () => {
    behaviours['a'] = refused
    expect((await ask({ model: 'a' })).called).toEqual(['a', 'polite'])
  })

  test('a prompt that fits nowhere goes to the longer model without a call', async () => {
    const long = [{ role: 'user', content: 'word '.repeat(100) }]
    expect((await ask({ model: 'small', messages: long })).called).toEqual(['long'])
    expect((await ask({ model: 'small' })).called).toEqual(['small'])
  })
})

describe('without a call', () => {
  test('a model that has used up its quota gives way to another', async () => {
    expect((await ask({ model: 'free' })).called).toEqual(['free'])
    const seen = await ask({ model: 'free' })
    expect(seen).toMatchObject({ status: 200, called: ['c'] })
    expect(seen.headers.get('x-litellm-model-group')).toBe('c')
    const alone = await ask({ model: 'free', disable_fallbacks: true })
    expect(alone).toMatchObject({ status: 429, called: [] })
    expect(Number(alone.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('so does one whose places are all taken', async () => {
    behaviours['narrow'] = after(600, answerChat('narrow'))
    const before = upstream.requests.length
    const first = gateway.post(path, { model: 'narrow', messages })
    await upstream.arrived(before + 1)
    expect((await ask({ model: 'narrow' })).called).toEqual(['c'])
    expect((await first).status).toBe(200)
  })
})

describe('what the request says', () => {
  test('its own models go before the file’s', async () => {
    fail('a')
    expect((await ask({ model: 'a', fallbacks: ['c'] })).called).toEqual(['a', 'c'])
    expect((await ask({ model: 'a', fallbacks: [{ a: ['d'] }] })).called).toEqual(['a', 'd'])
  })

  test('fields of a fallback replace its own', async () => {
    fail('a')
    const other = [{ role: 'user', content: 'shorter' }]
    const before = upstream.requests.length
    await ask({ model: 'a', temperature: 1, fallbacks: [{ model: 'c', messages: other }] })
    const sent = JSON.parse(String(upstream.requests[before + 1]?.body))
    expect(sent).toEqual({ model: 'c', messages: other, temperature: 1 })
  })

  test('a name without a model is passed over', async () => {
    fail('a')
    expect((await ask({ model: 'a', fallbacks: ['nobody', 'c'] })).called).toEqual(['a', 'c'])
  })

  test('no fallbacks at all', async () => {
    fail('a')
    const seen = await ask({ model: 'a', disable_fallbacks: true })
    expect(seen).toMatchObject({ status: 502, called: ['a'] })
  })

  test('the first model fails on purpose', async () => {
    const seen = await ask({ model: 'a', mock_testing_fallbacks: true })
    expect(seen).toMatchObject({ status: 200, called: ['b'] })
    expect((await ask({ model: 'a', mock_testing_context_fallbacks: true })).called).toEqual([
      'long',
    ])
    const policy = await ask({ model: 'a', mock_testing_content_policy_fallbacks: true })
    expect(policy.called).toEqual(['polite'])
    const alone = await ask({ model: 'a', mock_testing_fallbacks: true, disable_fallbacks: true })
    expect(alone).toMatchObject({ status: 502, called: [] })
    expect(alone.text).toContain('mock_testing_fallbacks')
  })

  test('nonsense is a 400 that names the field', async () => {
    const seen = await ask({ model: 'a', fallbacks: 7 })
    expect(seen.status).toBe(400)
    expect(JSON.parse(seen.text).error.param).toBe('fallbacks')
  })

  test('none of it reaches a server', async () => {
    const before = upstream.requests.length
    await ask({ model: 'a', fallbacks: ['c'], num_retries: 1, timeout: 9, tags: ['t'] })
    expect(JSON.parse(String(upstream.requests[before]?.body))).toEqual({ model: 'a', messages })
  })
})

test('a caller that leaves ends the walk', async () => {
  behaviours['a'] = (_, response) => void setTimeout(() => response.writeHead(500).end('{}'), 150)
  const before = upstream.requests.length
  const controller = new AbortController()
  const asked = fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'a', messages }),
    signal: controller.signal,
  }).catch(() => undefined)
  await upstream.arrived(before + 1)
  controller.abort()
  await asked
  await until(async () => (await gateway.metric('litellm_in_flight_requests')) === 0)
  await new Promise((resolve) => setTimeout(resolve, 250))
  expect(upstream.requests).toHaveLength(before + 1)
})

test('fallbacks and retries are counted', async () => {
  const count = (name: string, labels: Record<string, string>) => gateway.metric(name, labels)
  const answered = () =>
    count('litellm_deployment_successful_fallbacks_total', {
      requested_model: 'a',
      fallback_model: 'c',
    })
  const failed = () =>
    count('litellm_deployment_failed_fallbacks_total', {
      requested_model: 'a',
      fallback_model: 'b',
    })
  const retried = () => count('colonnade_retries_total', { model: 'a', outcome: 'made' })
  const before = [await answered(), await failed(), await retried()]
  fail('a', 'b')
  await ask({ model: 'a', num_retries: 1, fallbacks: ['b', 'c'] })
  const counted = [await answered(), await failed(), await retried()]
  expect(counted.map((value, at) => value - (before[at] ?? 0))).toEqual([1, 1, 1])
})
