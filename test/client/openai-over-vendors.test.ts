import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startGateway, type TestGateway } from '../doubles/gateway.ts'
import { embeddingModels, models, startVendors, type VendorFleet } from './vendors/fleet.ts'
import { citySchema, greeting, onePixel, schemaOf } from './vendors/asks.ts'

let fleet: VendorFleet
let gateway: TestGateway
let client: OpenAI

beforeAll(async () => {
  fleet = await startVendors()
  gateway = await startGateway({ config: fleet.config })
  client = gateway.client
})
afterAll(async () => {
  await gateway.close()
  await fleet.close()
})

const say = (content: string) => [{ role: 'user' as const, content }]
const tools = [
  {
    type: 'function' as const,
    function: { name: 'weather', description: 'Weather of a city', parameters: citySchema },
  },
]
const counted = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 }
type Turn = OpenAI.ChatCompletionMessageParam

/** The turns after an answer that calls tools: itself, and what each tool says. */
function answered(
  turns: readonly Turn[],
  message: OpenAI.ChatCompletionMessage | undefined,
): Turn[] {
  if (message === undefined) throw new Error('no message')
  const results = (message.tool_calls ?? []).map(({ id }, index) => ({
    role: 'tool' as const,
    tool_call_id: id,
    content: `${20 + index} degrees`,
  }))
  return [...turns, message, ...results]
}

/** The arguments of the tool, as its runner reads them. */
function placeIn(text: string): string {
  const { city }: { city: string } = JSON.parse(text)
  return city
}

const callsIn = (message: OpenAI.ChatCompletionMessage | undefined) =>
  (message?.tool_calls ?? []).map((call) =>
    call.type === 'function' ? [call.function.name, JSON.parse(call.function.arguments)] : call,
  )

describe.each(models)('chat with %s', (model) => {
  test('an answer, with what it used', async () => {
    const answer = await client.chat.completions.create({ model, messages: say('Hello') })
    expect(answer.choices[0]).toMatchObject({
      message: { content: greeting },
      finish_reason: 'stop',
    })
    expect(answer.usage).toMatchObject(counted)
  })

  test('a stream, with what it used', async () => {
    const stream = client.chat.completions.stream({
      model,
      messages: say('Hello'),
      stream_options: { include_usage: true },
    })
    const answer = await stream.finalChatCompletion()
    expect(answer.choices[0]).toMatchObject({
      message: { content: greeting },
      finish_reason: 'stop',
    })
    expect(answer.usage).toMatchObject(counted)
  })

  test.each([
    ['one tool', 'Weather?', ['Paris'], 'The tools said: 20 degrees'],
    [
      'two at once',
      'Weather in both?',
      ['Paris', 'Łódź'],
      'The tools said: 20 degrees; 21 degrees',
    ],
  ])('%s, streamed and not', async (_, words, cities, said) => {
    const ask = { model, messages: say(words), tools }
    const whole = await client.chat.completions.create(ask)
    const streamed = await client.chat.completions.stream(ask).finalChatCompletion()
    for (const { choices } of [whole, streamed]) {
      expect(choices[0]?.finish_reason).toBe('tool_calls')
      expect(callsIn(choices[0]?.message)).toEqual(cities.map((city) => ['weather', { city }]))
      const messages = answered(ask.messages, choices[0]?.message)
      const end = await client.chat.completions.create({ model, messages, tools })
      expect(end.choices[0]?.message.content).toBe(said)
    }
  })

  test('its own tool runner goes on to the answer, streamed and not', async () => {
    const run = { name: 'weather', parse: placeIn, parameters: citySchema }
    const weather = { ...run, function: (city: string) => `rain in ${city}` }
    const tool = { type: 'function' as const, function: { ...weather, description: 'Weather' } }
    const ask = { model, messages: say('Weather in both?'), tools: [tool] }
    const whole = client.chat.completions.runTools(ask)
    const streamed = client.chat.completions.runTools({ ...ask, stream: true })
    for (const runner of [whole, streamed])
      expect(await runner.finalContent()).toBe('The tools said: rain in Paris; rain in Łódź')
  })

  test('a function that must be called', async () => {
    const answer = await client.chat.completions.create({
      model,
      messages: say('Weather?'),
      tools,
      tool_choice: { type: 'function', function: { name: 'weather' } },
    })
    expect(callsIn(answer.choices[0]?.message)).toEqual([['weather', { city: 'Paris' }]])
  })

  test('any function, but one of them, streamed', async () => {
    const clock = {
      type: 'function' as const,
      function: { name: 'clock', parameters: { type: 'object' } },
    }
    const stream = client.chat.completions.stream({
      model,
      messages: say('Weather?'),
      tools: [...tools, clock],
      tool_choice: 'required',
    })
    const { choices } = await stream.finalChatCompletion()
    expect(callsIn(choices[0]?.message)).toEqual([['weather', { city: 'Paris' }]])
  })

  test('a picture', async () => {
    const content = [
      { type: 'text' as const, text: 'What is this?' },
      { type: 'image_url' as const, image_url: { url: onePixel } },
    ]
    const answer = await client.chat.completions.create({
      model,
      messages: [{ role: 'user', content }],
    })
    expect(answer.choices[0]?.message.content).toBe('I see image/png')
  })

  test('an answer by a schema, read by the client', async () => {
    const answer = await client.chat.completions.parse({
      model,
      messages: say('Which city?'),
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'place', schema: schemaOf(), strict: true },
      },
    })
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ city: 'Paris' })
  })
})

describe.each(models)('responses of %s', (model) => {
  const functions = [
    { type: 'function' as const, name: 'weather', parameters: citySchema, strict: false },
  ]

  test('an answer, with what it used', async () => {
    const response = await client.responses.create({ model, input: 'Hello' })
    expect(response).toMatchObject({ status: 'completed', output_text: greeting })
    expect(response.usage).toMatchObject({ input_tokens: 12, output_tokens: 5, total_tokens: 17 })
  })

  test('a stream', async () => {
    const response = await client.responses.stream({ model, input: 'Hello' }).finalResponse()
    expect(response).toMatchObject({ status: 'completed', output_text: greeting })
    expect(response.usage).toMatchObject({ input_tokens: 12, output_tokens: 5 })
  })

  test('functions, called and answered, streamed and not', async () => {
    const ask = { model, input: 'Weather in both?', tools: functions }
    const whole = await client.responses.create(ask)
    const streamed = await client.responses.stream(ask).finalResponse()
    for (const { output } of [whole, streamed]) {
      const calls = output.flatMap((item) => (item.type === 'function_call' ? item : []))
      expect(calls.map((call) => JSON.parse(call.arguments))).toEqual([
        { city: 'Paris' },
        { city: 'Łódź' },
      ])
      const results = calls.map(({ call_id }, index) => ({
        type: 'function_call_output' as const,
        call_id,
        output: `${20 + index} degrees`,
      }))
      const items: OpenAI.Responses.ResponseInput = [
        { role: 'user', content: ask.input },
        ...calls,
        ...results,
      ]
      const end = await client.responses.create({ model, input: items, tools: functions })
      expect(end.output_text).toBe('The tools said: 20 degrees; 21 degrees')
    }
  })

  test('a picture, and an answer by a schema', async () => {
    const seen = await client.responses.create({
      model,
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is this?' },
            { type: 'input_image', image_url: onePixel, detail: 'auto' },
          ],
        },
      ],
    })
    expect(seen.output_text).toBe('I see image/png')
    const placed = await client.responses.create({
      model,
      input: 'Which city?',
      text: { format: { type: 'json_schema', name: 'place', schema: schemaOf(), strict: true } },
    })
    expect(JSON.parse(placed.output_text)).toEqual({ city: 'Paris' })
  })
})

test.each(embeddingModels)('embeddings of %s', async (model) => {
  const { data } = await client.embeddings.create({ model, input: ['a', 'b'] })
  expect(data.map(({ embedding }) => embedding)).toEqual([
    [0.25, -0.5, 1],
    [0.25, -0.5, 1],
  ])
})

describe.each(models)('what goes wrong with %s', (model) => {
  test.each([
    ['-400', 'Fail with 400', OpenAI.BadRequestError, 400],
    ['-429', 'Fail with 429', OpenAI.RateLimitError, 429],
    ['-500', 'Fail with 500', OpenAI.InternalServerError, 502],
  ])('%s raises the class for it', async (fault, words, raised, status) => {
    const ask = { model: model + fault, messages: say(words) }
    const error = await client.chat.completions.create(ask).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(raised)
    expect(error).toMatchObject({ status })
  })

  test('a stream that breaks off raises', async () => {
    const chat = client.chat.completions.stream({
      model: `${model}-cut`,
      messages: say('Break off'),
    })
    await expect(chat.finalContent()).rejects.toThrow(OpenAI.APIError)
  })
})

test('a wrong key and an unknown model raise their classes', async () => {
  const stranger = new OpenAI({ baseURL: client.baseURL, apiKey: 'sk-wrong', maxRetries: 0 })
  const ask = { model: 'claude', messages: say('Hello') }
  await expect(stranger.chat.completions.create(ask)).rejects.toThrow(OpenAI.AuthenticationError)
  const unknown = client.chat.completions.create({ ...ask, model: 'nobody' })
  await expect(unknown).rejects.toThrow(OpenAI.NotFoundError)
})
