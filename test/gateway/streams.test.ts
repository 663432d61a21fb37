import Anthropic from '@anthropic-ai/sdk'
import { APIError } from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  chatFrames,
  createFakeUpstream,
  cutAfter,
  stall,
  streamBytes,
  type Behaviour,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { startGateway, type TestGateway } from '../doubles/gateway.ts'
import { openAiPython, streamFromPython } from '../doubles/openai-python.ts'

let upstream: FakeUpstream
let gateway: TestGateway

const messages = [{ role: 'user' as const, content: 'hi' }]
const texts = ['Grüße ', '😀 an ', '你好']
const whole = texts.join('')
const frames = chatFrames({ texts }, false)
const begun = frames.slice(0, 2)
const stream = frames.join('')
const head = begun.join('')

/** The upstream answers each model by the behaviour of its place in the list. */
const models: Record<string, Behaviour> = {}
const spoken = (name: string): Behaviour => models[name] ?? streamBytes([stream])

beforeAll(async () => {
  upstream = await createFakeUpstream((request, response) => {
    const { model }: { model: string } = JSON.parse(request.body.toString())
    return spoken(model)(request, response)
  })
  const quick = { api_base: `${upstream.url}/v1`, api_key: 'none', stream_timeout: 1, timeout: 2 }
  gateway = await startGateway({
    config: {
      model_list: [
        { model_name: '*', litellm_params: { model: 'openai/*', num_retries: 0, ...quick } },
        // Whose end is to be seen, not waited for.
        ...[...Object.keys(sound), 'two-*'].map((name) => ({
          model_name: name,
          litellm_params: {
            model: `openai/${name}`,
            num_retries: 0,
            ...quick,
            stream_timeout: 20,
            timeout: 20,
          },
        })),
        {
          model_name: 'resp',
          litellm_params: { model: 'openai/resp', num_retries: 0, ...quick },
          model_info: { mode: 'responses' },
        },
        {
          model_name: 'claude',
          litellm_params: {
            model: 'anthropic/claude',
            num_retries: 0,
            ...quick,
            api_base: upstream.url,
          },
        },
        {
          model_name: 'ollama/*',
          litellm_params: {
            model: 'ollama_chat/*',
            num_retries: 0,
            ...quick,
            api_base: upstream.url,
          },
        },
      ],
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

interface View {
  readonly text: string
  readonly error?: unknown
}

async function view(model: string): Promise<View> {
  let text = ''
  try {
    const chunks = await gateway.client.chat.completions.create({ model, messages, stream: true })
    for await (const { choices } of chunks) text += choices[0]?.delta.content ?? ''
    return { text }
  } catch (error) {
    return { text, error }
  }
}

/** What comes without a length and ends with its connection, as an HTTP/1.0 server's answer. */
const closing =
  (bytes: string | Uint8Array): Behaviour =>
  (_, response) => {
    response.useChunkedEncodingByDefault = false
    response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'close' })
    response.end(bytes)
  }
const raw =
  (bytes: string): Behaviour =>
  (_, response) =>
    void response.socket?.end(`HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n${bytes}`)
const again = (text: string): string => `data: ${text}\n\n`
const sameHead = frames[1]?.slice(0, frames[1].indexOf('"choices"')) ?? ''

const broken: Record<string, Behaviour> = {
  'a reset': (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(head, () => setTimeout(() => response.socket?.resetAndDestroy(), 20))
  },
  'a cut between two events': cutAfter(Buffer.byteLength(head), stream),
  'a cut within an event': cutAfter(Buffer.byteLength(head) + 40, stream),
  'a clean end without a finish reason': streamBytes(begun),
  'a clean end of its connection': closing(head),
  'a clean end within an event': closing(stream.slice(0, head.length + 40)),
  'fewer bytes than it promised': raw(`content-length: 9999\r\n\r\n${head}`),
  'a chunk that is none': raw(
    `transfer-encoding: chunked\r\n\r\n${Buffer.byteLength(head).toString(16)}\r\n${head}\r\nzz\r\n`,
  ),
  'a chunked body without its last chunk': raw(
    `transfer-encoding: chunked\r\n\r\n${Buffer.byteLength(head).toString(16)}\r\n${head}\r\n`,
  ),
  silence: stall(begun),
  'silence within an event': stall([...begun, 'data: {"id":']),
  'an error object': streamBytes([...begun, again('{"error":{"message":"CUDA","code":500}}')]),
  'an error object and then [DONE]': streamBytes([
    ...begun,
    again('{"error":{"message":"CUDA","code":500}}'),
    again('[DONE]'),
  ]),
  'an error in a chunk like the others': streamBytes([
    ...begun,
    `${sameHead}"error":{"message":"gone"},"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}\n\n`,
    again('[DONE]'),
  ]),
  'an event named error': streamBytes([
    ...begun,
    'event: error\ndata: {"message":"overloaded"}\n\n',
    again('[DONE]'),
  ]),
  'an error as old servers say it': streamBytes([
    ...begun,
    again('{"object":"error","message":"no","code":40301}'),
    again('[DONE]'),
  ]),
  'an event that is no JSON': streamBytes([...begun, again('<oops>'), again('[DONE]')]),
  'an event cut short that begins as the others': streamBytes([
    ...begun,
    `${sameHead}"choices":[{"index":0,"del\n\n`,
    again('[DONE]'),
  ]),
  'HTML in the middle': streamBytes([...begun, '<html><h1>502 Bad Gateway</h1></html>\n']),
  'bytes that are no text': streamBytes([...begun, Buffer.from([0x64, 0, 0xff, 0xfe, 1, 2, 10])]),
  'an event larger than any': streamBytes([
    ...begun,
    'data: {"x":"',
    ...Array.from({ length: 18 }, () => 'y'.repeat(1024 * 1024)),
  ]),
}

const sound: Record<string, Behaviour> = {
  'as it should be': streamBytes(frames),
  'in one piece': streamBytes([stream]),
  'in single bytes': streamBytes([...Buffer.from(stream)].map((byte) => Buffer.of(byte))),
  'with CRLF': streamBytes([stream.replaceAll('\n', '\r\n')]),
  'with CR': streamBytes([stream.replaceAll('\n', '\r')]),
  'with a byte order mark': streamBytes(['\u{feff}', stream]),
  'with comments': streamBytes(frames.flatMap((frame) => [': ping\n\n', frame, ': pong\r\n'])),
  'with heartbeats of nothing': streamBytes(frames.flatMap((frame) => [frame, 'data:\n\n'])),
  'without a space behind data': streamBytes([stream.replaceAll('data: ', 'data:')]),
  'with its JSON in lines': streamBytes([
    `${frames.slice(0, -1).map(pretty).join('')}data: [DONE]\n\n`,
  ]),
  'with ids and retries': streamBytes([
    `retry: 10\n\n${stream.replaceAll('data:', 'id: 1\ndata:')}`,
  ]),
  'without [DONE]': streamBytes(frames.slice(0, -1)),
  'without its last empty line': streamBytes([stream.trimEnd()]),
  'with no content type': (_, response) => void response.writeHead(200).end(stream),
  'as plain text': streamBytes(frames, { contentType: 'text/plain' }),
  'and never closed behind [DONE]': stall(frames),
  'and cut behind [DONE]': cutAfter(Buffer.byteLength(stream), stream),
  'with more behind [DONE]': streamBytes([...frames, 'data: <html>\n\n']),
}

function pretty(frame: string): string {
  const text = JSON.stringify(JSON.parse(frame.slice(6)), null, 2)
  return `${text
    .split('\n')
    .map((line) => `data: ${line}`)
    .join('\n')}\n\n`
}

describe('what does not end well is an error, with', () => {
  test.each(Object.entries(broken))('%s', async (name, behaviour) => {
    models[name] = behaviour
    const { error, text } = await view(name)
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ code: 'stream_interrupted', type: 'api_error' })
    expect(whole.startsWith(text)).toBe(true)
    const answer = await gateway.post('/v1/chat/completions', {
      model: name,
      messages,
      stream: true,
    })
    const events = (await answer.text()).split('\n\n')
    expect(events.pop()).toBe('')
    expect(JSON.parse(events.pop()?.slice(6) ?? '')).toMatchObject({
      error: { code: 'stream_interrupted', message: expect.any(String) },
    })
    for (const event of events) expect(JSON.parse(event.slice(6))).toHaveProperty('choices')
  })
})

describe('what is only unusual passes:', () => {
  test.each(Object.entries(sound))('%s', async (name, behaviour) => {
    models[name] = behaviour
    const startedAt = performance.now()
    expect(await view(name)).toEqual({ text: whole })
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})

test.skipIf(!openAiPython)(
  'openai-python raises on the same streams, and on no other',
  async () => {
    const all = { ...broken, ...sound }
    Object.assign(models, all)
    const views = await streamFromPython(openAiPython ?? '', gateway, Object.keys(all))
    for (const [at, name] of Object.keys(all).entries()) {
      const { text, raised, code } = views[at] ?? { text: '' }
      if (name in sound) expect([name, text, raised]).toEqual([name, whole, undefined])
      else expect([name, raised, code]).toEqual([name, 'APIError', 'stream_interrupted'])
    }
  },
)

test('the words of an upstream that breaks off reach the caller, its address does not', async () => {
  models['talkative'] = streamBytes([
    ...begun,
    again('{"error":{"message":"out of memory at http://10.0.0.7:8000/v1"}}'),
  ])
  const { error } = await view('talkative')
  expect(error).toMatchObject({ message: expect.stringContaining('out of memory') })
  expect(String(error)).not.toContain('10.0.0.7')
})

test('an error as the first event is as if it had answered with it', async () => {
  models['full'] = streamBytes([
    again('{"error":{"message":"This model\'s maximum context length is 10 tokens","code":400}}'),
  ])
  const { error } = await view('full')
  expect(error).toMatchObject({ status: 400, code: 'context_length_exceeded' })
})

describe('at every byte', () => {
  const short = (delta: object, finish: string | null) =>
    again(
      `{"model":"up","choices":[{"index":0,"delta":${JSON.stringify(delta)},"finish_reason":${JSON.stringify(finish)}}]}`,
    )
  const text = 'é😀'
  const bytes = Buffer.from(
    [
      ...['é', '😀'].map((content) => short({ content }, null)),
      short({}, 'stop'),
      again('[DONE]'),
    ].join(''),
  )
  const all = Array.from({ length: bytes.length + 1 }, (_, at) => at)

  /** A few at once; more would wait for one another. */
  async function forAll(name: string, of: (at: number) => Behaviour, check: (seen: View) => void) {
    const left = [...all]
    const take = async (): Promise<void> => {
      for (let at = left.pop(); at !== undefined; at = left.pop()) {
        models[`${name}${at}`] = of(at)
        check(await view(`${name}${at}`))
        delete models[`${name}${at}`]
      }
    }
    await Promise.all(Array.from({ length: 12 }, take))
  }

  const halves = (at: number) => [bytes.subarray(0, at), bytes.subarray(at)]

  test('a stream in two pieces is the same stream', async () => {
    await forAll(
      'two-',
      (at) => streamBytes(halves(at), { delayMs: 1 }),
      (seen) => expect(seen).toEqual({ text }),
    )
  }, 60_000)

  const neverHalf = (seen: View): void => {
    if (seen.error === undefined) expect(seen.text).toBe(text)
    else expect(seen.error).toBeInstanceOf(APIError)
  }

  test('a cut is an error, or the answer is whole', async () => {
    await forAll('cut-', (at) => cutAfter(at, bytes), neverHalf)
  }, 60_000)

  test('a clean end is an error, or the answer is whole', async () => {
    await forAll('end-', (at) => closing(bytes.subarray(0, at)), neverHalf)
  }, 60_000)
})

describe('Ollama', () => {
  const lines = Buffer.from(
    [
      { message: { content: whole }, done: false },
      {
        message: { content: '' },
        done: true,
        done_reason: 'stop',
        prompt_eval_count: 3,
        eval_count: 3,
      },
    ]
      .map((line) => `${JSON.stringify({ model: 'x', ...line })}\n`)
      .join(''),
  )
  const ndjson = { contentType: 'application/x-ndjson' }

  test('its lines may be cut anywhere', async () => {
    for (let at = 0; at <= lines.length; at += 1) {
      models['x'] = streamBytes([lines.subarray(0, at), lines.subarray(at)], {
        ...ndjson,
        delayMs: 1,
      })
      expect(await view('ollama/x')).toEqual({ text: whole })
    }
  }, 30_000)

  test('cut off or ended anywhere, half an answer is an error', async () => {
    for (let at = 0; at <= lines.length; at += 1) {
      for (const one of [cutAfter(at, lines), streamBytes([lines.subarray(0, at)], ndjson)]) {
        models['x'] = one
        const { text, error } = await view('ollama/x')
        if (error === undefined) expect(text).toBe(whole)
        else expect(error).toBeInstanceOf(APIError)
      }
    }
  }, 30_000)

  test.each([
    ['an error line', '{"error":"CUDA out of memory"}\n'],
    ['a line that is no JSON', '<html>\n'],
    ['a list', '[]\n'],
    ['silence', ''],
  ])(
    '%s in the middle makes the client raise',
    async (_, text) => {
      models['x'] =
        text === ''
          ? stall([lines.toString().slice(0, lines.indexOf(10) + 9)])
          : streamBytes([lines.subarray(0, lines.indexOf(10) + 1), text])
      expect((await view('ollama/x')).error).toBeInstanceOf(APIError)
    },
    15_000,
  )
})

describe('Messages', () => {
  const event = (type: string, more: object = {}) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
  const message = {
    id: 'm',
    type: 'message',
    role: 'assistant',
    model: 'up',
    content: [],
    usage: { input_tokens: 9, output_tokens: 1 },
  }
  const error = { type: 'overloaded_error', message: 'Overloaded' }
  const events = [
    event('message_start', { message }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hi' } }),
    event('content_block_stop', { index: 0 }),
    event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }),
    event('message_stop'),
  ]
  const half = events.slice(0, 3)

  async function textOf(behaviour: Behaviour): Promise<string> {
    models['claude'] = behaviour
    const client = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 })
    const asked = { model: 'claude', max_tokens: 9, messages, stream: true } as const
    let text = ''
    for await (const one of await client.messages.create(asked)) {
      if (one.type === 'message_start') expect(one.message.model).toBe('claude')
      if (one.type !== 'content_block_delta') continue
      if (one.delta.type === 'text_delta') text += one.delta.text
    }
    return text
  }

  test.each([
    ['a clean end in the middle', streamBytes(events.slice(0, 4))],
    ['a cut', cutAfter(half.join('').length, events.join(''))],
    ['silence', stall(half)],
    ['its own error', streamBytes([...half, event('error', { error })])],
  ])('%s makes the client raise', async (_, behaviour) => {
    await expect(textOf(behaviour)).rejects.toThrow(Anthropic.APIError)
  })

  test('a whole one passes, whatever its connection does then', async () => {
    expect(await textOf(streamBytes(events))).toBe('Hi')
    expect(await textOf(stall(events))).toBe('Hi')
  })

  test('translated for chat, half of it is an error too', async () => {
    models['claude'] = streamBytes(events)
    expect(await view('claude')).toEqual({ text: 'Hi' })
    for (const one of [streamBytes(half), cutAfter(half.join('').length, events.join(''))]) {
      models['claude'] = one
      expect((await view('claude')).error).toBeInstanceOf(APIError)
    }
  })
})

describe('Responses', () => {
  const event = (type: string, more: object = {}) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
  const response = { id: 'r', object: 'response', model: 'up', output: [] }
  const events = [
    event('response.created', { response }),
    event('response.output_text.delta', { delta: 'Hi' }),
    event('response.completed', { response }),
  ]

  async function typesOf(behaviour: Behaviour): Promise<string[]> {
    models['resp'] = behaviour
    const types: string[] = []
    const asked = { model: 'resp', input: 'hi', stream: true } as const
    for await (const { type } of await gateway.client.responses.create(asked)) types.push(type)
    return types
  }

  test.each([
    ['a clean end in the middle', streamBytes(events.slice(0, 2))],
    ['silence', stall(events.slice(0, 2))],
    [
      'its own error',
      streamBytes([...events.slice(0, 2), event('error', { code: 'x', message: 'no' })]),
    ],
  ])('%s makes the client raise', async (_, behaviour) => {
    await expect(typesOf(behaviour)).rejects.toThrow(APIError)
  })

  test('a whole one passes', async () => {
    expect(await typesOf(streamBytes(events))).toHaveLength(3)
  })
})

describe('sound and pictures', () => {
  const event = (type: string, more: object = {}) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
  const ask = {
    '/v1/audio/speech': { model: 'media', voice: 'v', input: 'i', stream_format: 'sse' },
    '/v1/images/generations': { model: 'media', prompt: 'p', stream: true, n: 2 },
  }
  const cases = [
    ['/v1/audio/speech', [event('speech.audio.delta'), event('speech.audio.done')]],
    [
      '/v1/images/generations',
      [
        event('image_generation.partial_image'),
        event('image_generation.completed'),
        event('image_generation.completed'),
      ],
    ],
  ] as const

  test.each(cases)(
    'a stream of %s ends with all its last events, or in an error',
    async (path, events) => {
      models['media'] = streamBytes(events)
      expect(await (await gateway.post(path, ask[path])).text()).toBe(events.join(''))
      models['media'] = streamBytes(events.slice(0, -1))
      expect(await (await gateway.post(path, ask[path])).text()).toContain('stream_interrupted')
    },
  )

  test('a stream of events nobody knows ends where it ends', async () => {
    models['media'] = streamBytes(['data: spoken\n\n', event('segment')])
    const text = await (await gateway.post('/v1/audio/speech', ask['/v1/audio/speech'])).text()
    expect(text).toBe(`data: spoken\n\n${event('segment')}`)
  })
})
