import * as fc from 'fast-check'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'

import { responsesDialect } from '../../../gateway/dialects/responses.ts'
import { GatewayError } from '../../../gateway/errors/gateway-error.ts'

const { toChat, toAnswer, createStream } = responsesDialect
const asked = { model: 'asked', fields: {}, answerId: 'resp_1', createdSeconds: 1 }

/** The official client, answered by what is given. */
function clientOf(body: string, type: string): OpenAI {
  return new OpenAI({
    apiKey: 'none',
    maxRetries: 0,
    fetch: () => Promise.resolve(new Response(body, { headers: { 'content-type': type } })),
  })
}

/** What the official client makes of a stream. */
async function accumulated(events: string) {
  const client = clientOf(events, 'text/event-stream')
  return client.responses.stream({ model: 'asked', input: 'Hi' }).finalResponse()
}

const delta = (fields: unknown, finish: string | null = null) => ({
  choices: [{ index: 0, delta: fields, finish_reason: finish }],
})

function streamed(chunks: readonly unknown[], fields: Record<string, unknown> = {}): string {
  const stream = createStream({ ...asked, fields })
  return [...chunks.map((chunk) => stream.onChunk(chunk)), stream.end()].join('')
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown.code
    throw thrown
  }
}

describe('what the official client makes of it', () => {
  const call = (index: number, id: string, name: string) => ({
    tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }],
  })
  const written = (index: number, text: string) => ({
    tool_calls: [{ index, function: { arguments: text } }],
  })

  test('thoughts, words and calls whose arguments come in turns', async () => {
    const response = await accumulated(
      streamed([
        delta({ role: 'assistant', reasoning: 'Hm' }),
        delta({ reasoning: 'm.' }),
        delta({ content: 'Let me ' }),
        delta({ content: 'look.' }),
        delta(call(0, 'a', 'one')),
        delta(call(1, 'b', 'two')),
        delta(written(0, '{"x":')),
        delta(written(1, '{}')),
        delta(written(0, '1}'), 'tool_calls'),
        { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } },
      ]),
    )
    expect(response.status).toBe('completed')
    expect(response.output_text).toBe('Let me look.')
    expect(response.usage?.total_tokens).toBe(7)
    expect(response.output.map(({ type }) => type)).toEqual([
      'reasoning',
      'message',
      'function_call',
      'function_call',
    ])
    expect(response.output).toMatchObject([
      { summary: [{ text: 'Hmm.' }] },
      {},
      { call_id: 'a', name: 'one', arguments: '{"x":1}' },
      { call_id: 'b', name: 'two', arguments: '{}' },
    ])
  })

  test('words after a call, as servers with tools of their own say them', async () => {
    const response = await accumulated(
      streamed([
        delta({ content: 'First.' }),
        delta(call(0, 'a', 'one')),
        delta({ reasoning_content: 'So.' }),
        delta({ content: 'Then.' }, 'stop'),
      ]),
    )
    expect(response.output.map(({ type }) => type)).toEqual([
      'message',
      'function_call',
      'reasoning',
      'message',
    ])
    expect(response.output_text).toBe('First.Then.')
  })

  test('calls that a server numbers all 0, without ids, or twice the same', async () => {
    const sameIndex = [delta(call(0, 'a', 'one')), delta(call(0, 'b', 'two'), 'tool_calls')]
    const twice = [delta(call(0, 'a', 'one')), delta(call(1, 'a', 'one'), 'tool_calls')]
    const nameless = [
      delta({ tool_calls: [{ function: { arguments: '{}' } }] }),
      delta({ tool_calls: [{ function: { name: 'one' } }] }, 'tool_calls'),
    ]
    const idsOf = async (chunks: readonly unknown[]) =>
      (await accumulated(streamed(chunks))).output.map((item) =>
        item.type === 'function_call' ? item.call_id : item.type,
      )
    expect(await idsOf(sameIndex)).toEqual(['a', 'b'])
    expect(await idsOf(twice)).toEqual(['a', 'a_2'])
    expect(await idsOf(nameless)).toEqual(['call_1_0'])
  })

  test('an answer without a word is an empty message', async () => {
    const response = await accumulated(streamed([delta({ role: 'assistant' }, 'stop')]))
    expect(response.output).toMatchObject([{ type: 'message', content: [{ text: '' }] }])
  })

  test('an answer at its limit is incomplete', async () => {
    const response = await accumulated(streamed([delta({ content: 'And' }, 'length')]))
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ status: 'incomplete' }],
    })
  })

  test('a stream that breaks off tells its response has failed, then raises', async () => {
    const stream = createStream(asked)
    const said = stream.onChunk(delta({ content: 'Half' }))
    const error = new GatewayError('stream_interrupted', 'The server went away.')
    const events = said + stream.onError(error)
    const seen: string[] = []
    const read = async () => {
      const client = clientOf(events, 'text/event-stream')
      const open = await client.responses.create({ model: 'asked', input: 'Hi', stream: true })
      for await (const event of open) seen.push(event.type)
    }
    await expect(read()).rejects.toMatchObject({
      code: 'stream_interrupted',
      message: expect.stringContaining('The server went away.'),
    })
    expect(seen.at(-1)).toBe('response.failed')
    expect(stream.end()).toBe('')
  })

  test('a whole answer is the one its stream ends with', async () => {
    const message = {
      role: 'assistant',
      reasoning_content: 'Hm.',
      content: 'Yes.',
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'one', arguments: '{}' } }],
    }
    const answer = toAnswer({ choices: [{ message, finish_reason: 'tool_calls' }] }, asked)
    const whole = await clientOf(JSON.stringify(answer), 'application/json').responses.create({
      model: 'asked',
      input: 'Hi',
    })
    const inPieces = await accumulated(streamed([delta(message, 'tool_calls')]))
    expect(inPieces.output).toMatchObject(whole.output)
    expect(whole.output_text).toBe('Yes.')
  })
})

describe('a request', () => {
  const said = (input: unknown, more: Record<string, unknown> = {}) =>
    toChat({ model: 'asked', input, ...more })

  test.each([
    ['background', { background: true }],
    ['conversation', { conversation: 'conv_1' }],
    ['prompt', { prompt: { id: 'p' } }],
    ['tools[0].type', { tools: [{ type: 'file_search', vector_store_ids: [] }] }],
    ['tools[1].type', { tools: [{ type: 'function', name: 'f' }, { type: 'mcp' }] }],
    ['tool_choice.type', { tool_choice: { type: 'code_interpreter' } }],
  ])('names what only OpenAI serves: %s', (param, fields) => {
    expect(() => said('Hi', fields)).toThrow(
      expect.objectContaining({ code: 'unsupported_parameter', param }),
    )
    expect(toChat({ input: 'Hi', ...fields }, { dropsParams: true }).messages).toHaveLength(1)
  })

  test('leaves the others in where one tool is dropped', () => {
    const tools = [{ type: 'mcp' }, { type: 'function', name: 'f' }]
    expect(toChat({ input: 'Hi', tools }, { dropsParams: true }).tools).toHaveLength(1)
  })

  test.each([
    ['input', { input: 5 }],
    ['input[0]', { input: [null] }],
    ['input[0].role', { input: [{ role: 'robot', content: 'Hi' }] }],
    ['input[0].content[0].type', { input: [{ role: 'user', content: [{ type: 'video' }] }] }],
    ['input[0].id', { input: [{ type: 'item_reference', id: 'msg_x_0' }] }],
    ['input', { input: [{ type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' }] }],
    ['input', { input: [{ type: 'function_call_output', call_id: 'a', output: '' }] }],
    ['previous_response_id', { input: 'Hi', previous_response_id: 'resp_x' }],
    ['text.format.type', { input: 'Hi', text: { format: { type: 'xml' } } }],
    ['tools', { input: 'Hi', tools: {} }],
    ['tools[0].name', { input: 'Hi', tools: [{ type: 'function' }] }],
    ['messages', { input: 'Hi', messages: [] }],
  ])('of the wrong shape is refused by its place: %s', (param, fields) => {
    expect(() => toChat(fields)).toThrow(
      expect.objectContaining({ code: 'invalid_request', param }),
    )
  })

  test('keeps fields nobody knows, and asks a stream for its usage', () => {
    expect(said('Hi', { keep_alive: '5m', stream: true })).toMatchObject({
      keep_alive: '5m',
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  test('may send the same call id in every turn, as some servers give it', () => {
    const turn = (output: string) => [
      { type: 'function_call', call_id: 'call_0', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_0', output },
    ]
    expect(said([...turn('one'), ...turn('two')]).messages).toMatchObject([
      { role: 'assistant' },
      { role: 'tool', content: 'one' },
      { role: 'assistant' },
      { role: 'tool', content: 'two' },
    ])
  })

  test('takes back what an answer said, thoughts and signatures included', () => {
    const message = {
      role: 'assistant',
      content: 'Look.',
      reasoning_content: 'Hm.',
      thinking_blocks: [{ type: 'thinking', thinking: 'Hm.', signature: 's' }],
      tool_calls: [
        {
          id: 'a',
          type: 'function',
          function: { name: 'f', arguments: '{}' },
          provider_specific_fields: { thought_signature: 't' },
        },
      ],
    }
    const { output } = toAnswer({ choices: [{ message }] }, asked)
    const items = Array.isArray(output) ? output : []
    const input = [...items, { type: 'function_call_output', call_id: 'a', output: 'ok' }]
    expect(said(input).messages).toEqual([
      message,
      { role: 'tool', tool_call_id: 'a', content: 'ok' },
    ])
  })
})

describe('whatever comes', () => {
  const words =
    'type role content text id call_id name arguments output tools input summary message user assistant ' +
    'function_call reasoning custom function input_text input_image image_url item_reference tool_choice ' +
    'choices delta tool_calls index finish_reason usage logprobs stop reasoning_content thinking_blocks ' +
    'annotations url_citation refusal allowed_tools'
  const known = fc.constantFrom(...words.split(' '))
  const anything = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue({ maxDepth: 1 }),
      known,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(known, fc.string({ maxLength: 3 })), tie('value'), { maxKeys: 6 }),
    ),
  })).value
  const fields = fc.dictionary(fc.oneof(known, fc.constant('__proto__')), anything, { maxKeys: 8 })

  test('a request is translated or refused as the caller’s fault', () => {
    fc.assert(
      fc.property(fields, fc.array(anything), fc.boolean(), (more, input, dropsParams) => {
        const code = codeOf(() => toChat({ ...more, input }, { dropsParams }))
        expect([undefined, 'invalid_request', 'unsupported_parameter']).toContain(code)
      }),
      { numRuns: 500 },
    )
  })

  test('an answer is translated or nonsense', () => {
    fc.assert(
      fc.property(anything, anything, fields, (message, finish, around) => {
        const request = { ...asked, fields: around }
        const answers = [
          message,
          { choices: [{ message, finish_reason: finish }], usage: finish },
          { choices: [{ message: around }] },
        ]
        for (const answer of answers) {
          const code = codeOf(() => JSON.stringify(toAnswer(answer, request)))
          expect([undefined, 'upstream_nonsense']).toContain(code)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('a stream is translated or nonsense, its events numbered without a gap', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            anything,
            fields.map((one) => delta(one)),
          ),
        ),
        fields,
        (chunks, more) => {
          const stream = createStream({ ...asked, fields: more })
          let events = ''
          const code = codeOf(() => {
            for (const chunk of chunks) events += stream.onChunk(chunk)
            events += stream.end()
          })
          expect([undefined, 'upstream_nonsense']).toContain(code)
          if (code !== undefined)
            events += stream.onError(new GatewayError('upstream_nonsense', 'x'))
          const numbers = events
            .split('\n\n')
            .filter((event) => event !== '')
            .map((event): unknown => JSON.parse(event.split('\ndata: ')[1] ?? ''))
          expect(numbers).toEqual(
            numbers.map((_, index) => expect.objectContaining({ sequence_number: index })),
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  test('sound chunks of any kind in any order fit the official client', async () => {
    const text = fc.string({ minLength: 1, maxLength: 4 })
    const call = fc.record({
      index: fc.nat(2),
      id: fc.constantFrom('a', 'b', ''),
      name: text,
      text,
    })
    const piece = fc.oneof(
      text.map((content) => ({ content })),
      text.map((reasoning) => ({ reasoning })),
      text.map((refusal) => ({ refusal })),
      call.map(({ index, id, name, text: written }) => ({
        tool_calls: [{ index, id, type: 'function', function: { name, arguments: written } }],
      })),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 8 }),
        fc.constantFrom('stop', 'length', 'tool_calls'),
        async (pieces, finish) => {
          const events = streamed([...pieces.map((one) => delta(one)), delta({}, finish)])
          const response = await accumulated(events)
          const told = JSON.parse(events.trim().split('\ndata: ').at(-1) ?? '')
          expect(response.output).toMatchObject(told.response.output)
        },
      ),
      { numRuns: 100 },
    )
  })
})
