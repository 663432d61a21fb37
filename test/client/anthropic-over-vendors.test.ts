import Anthropic from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startGateway, type TestGateway } from '../doubles/gateway.ts'
import { citySchema, greeting, onePixel, schemaOf } from './vendors/asks.ts'
import { models, startVendors, type VendorFleet } from './vendors/fleet.ts'

let fleet: VendorFleet
let gateway: TestGateway
let client: Anthropic

beforeAll(async () => {
  fleet = await startVendors()
  gateway = await startGateway({ config: fleet.config })
  client = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 })
})
afterAll(async () => {
  await gateway.close()
  await fleet.close()
})

const say = (content: string) => [{ role: 'user' as const, content }]
const tools = [{ name: 'weather', description: 'Weather of a city', input_schema: citySchema }]
const max_tokens = 100

const callsIn = ({ content }: Anthropic.Message) =>
  content.flatMap((block) => (block.type === 'tool_use' ? block : []))
const textIn = ({ content }: Anthropic.Message) =>
  content.map((block) => (block.type === 'text' ? block.text : '')).join('')

function answered(words: string, message: Anthropic.Message): Anthropic.MessageParam[] {
  const results = callsIn(message).map(({ id }, index) => ({
    type: 'tool_result' as const,
    tool_use_id: id,
    content: `${20 + index} degrees`,
  }))
  return [
    ...say(words),
    { role: 'assistant', content: message.content },
    { role: 'user', content: results },
  ]
}

describe.each(models)('messages over %s', (model) => {
  const ask = { model, max_tokens }

  test('an answer, streamed and not, with what it used', async () => {
    const messages = say('Hello')
    const whole = await client.messages.create({ ...ask, messages })
    const streamed = await client.messages.stream({ ...ask, messages }).finalMessage()
    for (const message of [whole, streamed]) {
      expect(textIn(message)).toBe(greeting)
      expect(message.stop_reason).toBe('end_turn')
      const { input_tokens, cache_read_input_tokens, output_tokens } = message.usage
      expect(input_tokens + (cache_read_input_tokens ?? 0)).toBe(12)
      expect(output_tokens).toBe(5)
    }
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
    const messages = say(words)
    const whole = await client.messages.create({ ...ask, messages, tools })
    const streamed = await client.messages.stream({ ...ask, messages, tools }).finalMessage()
    for (const message of [whole, streamed]) {
      expect(message.stop_reason).toBe('tool_use')
      expect(callsIn(message).map(({ input }) => input)).toEqual(cities.map((city) => ({ city })))
      const turns = answered(words, message)
      const end = await client.messages.create({ ...ask, messages: turns, tools })
      expect(textIn(end)).toBe(said)
    }
  })

  test('its tool runner goes on to the answer, streamed and not', async () => {
    const weather = betaTool({
      name: 'weather',
      description: 'Weather of a city',
      inputSchema: citySchema,
      run: ({ city }) => `rain in ${String(city)}`,
    })
    const params = { ...ask, messages: say('Weather in both?'), tools: [weather] }
    const whole = await client.beta.messages.toolRunner(params).runUntilDone()
    const streamed = await client.beta.messages
      .toolRunner({ ...params, stream: true })
      .runUntilDone()
    for (const { content } of [whole, streamed])
      expect(content).toMatchObject([{ text: 'The tools said: rain in Paris; rain in Łódź' }])
  })

  test('a tool that answers with a picture, and one that must be called', async () => {
    const data = onePixel.slice(onePixel.indexOf(',') + 1)
    const source = { type: 'base64' as const, media_type: 'image/png' as const, data }
    const seen = await client.messages.create({
      ...ask,
      tools,
      messages: [
        ...say('Look'),
        {
          role: 'assistant',
          content: [{ type: 'tool_use', id: 't1', name: 'weather', input: {} }],
        },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 't1',
              content: [
                { type: 'text', text: 'a shot' },
                { type: 'image', source },
              ],
            },
          ],
        },
      ],
    })
    expect(textIn(seen)).toContain('a shot')
    const called = await client.messages.create({
      ...ask,
      tools,
      tool_choice: { type: 'tool', name: 'weather' },
      messages: say('Weather?'),
    })
    expect(callsIn(called).map(({ input }) => input)).toEqual([{ city: 'Paris' }])
  })

  test('a picture, and an answer by a schema', async () => {
    const data = onePixel.slice(onePixel.indexOf(',') + 1)
    const source = { type: 'base64' as const, media_type: 'image/png' as const, data }
    const content = [
      { type: 'image' as const, source },
      { type: 'text' as const, text: 'What is this?' },
    ]
    const seen = await client.messages.create({ ...ask, messages: [{ role: 'user', content }] })
    expect(textIn(seen)).toBe('I see image/png')
    const format = { type: 'json_schema' as const, schema: schemaOf() }
    const placed = await client.messages.create({
      ...ask,
      messages: say('Which city?'),
      output_config: { format },
    })
    expect(JSON.parse(textIn(placed))).toEqual({ city: 'Paris' })
  })

  test('tokens are counted', async () => {
    const counted = client.messages.countTokens({ model, messages: say('Hello') })
    // Anthropic’s own model counts at Anthropic, which the scripted one does not.
    if (model === 'claude') await counted.catch(() => undefined)
    else expect((await counted).input_tokens).toBeGreaterThan(0)
  })

  test.each([
    ['-400', 'Fail with 400', Anthropic.BadRequestError, 400],
    ['-429', 'Fail with 429', Anthropic.RateLimitError, 429],
    ['-500', 'Fail with 500', Anthropic.InternalServerError, 502],
  ])('%s raises the class for it', async (fault, words, raised, status) => {
    const asked = client.messages.create({ ...ask, model: model + fault, messages: say(words) })
    const error = await asked.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(raised)
    expect(error).toMatchObject({ status, error: { type: 'error' } })
  })

  test('a stream that breaks off raises', async () => {
    const messages = say('Break off')
    const stream = client.messages.stream({ ...ask, model: `${model}-cut`, messages })
    await expect(stream.finalMessage()).rejects.toThrow(Anthropic.APIError)
  })
})

test('the list of models', async () => {
  const ids: string[] = []
  for await (const { id } of client.models.list()) ids.push(id)
  expect(ids).toEqual(expect.arrayContaining([...models]))
  expect((await client.models.retrieve('gemini')).id).toBe('gemini')
})

test('a wrong key and an unknown model raise their classes', async () => {
  const stranger = new Anthropic({ baseURL: gateway.url, apiKey: 'sk-wrong', maxRetries: 0 })
  const ask = { model: 'local', max_tokens, messages: say('Hello') }
  await expect(stranger.messages.create(ask)).rejects.toThrow(Anthropic.AuthenticationError)
  const unknown = client.messages.create({ ...ask, model: 'nobody' })
  await expect(unknown).rejects.toThrow(Anthropic.NotFoundError)
})
