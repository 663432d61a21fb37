import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  APICallError,
  embedMany,
  generateText,
  isStepCount,
  jsonSchema,
  Output,
  streamText,
  tool,
  ToolLoopAgent,
  type LanguageModel,
} from 'ai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startGateway, type TestGateway } from '../doubles/gateway.ts'
import { greeting, onePixel, schemaOf } from './vendors/asks.ts'
import { embeddingModels, models, startVendors, type VendorFleet } from './vendors/fleet.ts'

let fleet: VendorFleet
let gateway: TestGateway

beforeAll(async () => {
  fleet = await startVendors()
  gateway = await startGateway({ config: fleet.config })
})
afterAll(async () => {
  await gateway.close()
  await fleet.close()
})

const compatible = (apiKey = gateway.key) =>
  createOpenAICompatible({
    name: 'gateway',
    baseURL: `${gateway.url}/v1`,
    apiKey,
    includeUsage: true,
    supportsStructuredOutputs: true,
  })
const openai = () => createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key })

const ways: readonly (readonly [string, (model: string) => LanguageModel])[] = [
  ['@ai-sdk/openai-compatible', (model) => compatible()(model)],
  ['chat of @ai-sdk/openai', (model) => openai().chat(model)],
  ['responses of @ai-sdk/openai', (model) => openai().responses(model)],
]
const tools = {
  weather: tool({
    description: 'Weather of a city',
    inputSchema: jsonSchema<{ city: string }>(schemaOf()),
    execute: ({ city }) => `rain in ${city}`,
  }),
}
const both = 'The tools said: rain in Paris; rain in Łódź'
const once = { maxRetries: 0 }

describe.each(ways)('ai by %s', (_, modelBy) => {
  describe.each(models)('%s', (name) => {
    test('an answer, with what it used', async () => {
      const { text, usage, finishReason } = await generateText({
        model: modelBy(name),
        prompt: 'Hello',
        ...once,
      })
      expect({ text, finishReason }).toEqual({ text: greeting, finishReason: 'stop' })
      expect(usage).toMatchObject({ inputTokens: 12, outputTokens: 5 })
    })

    test('a stream, with what it used', async () => {
      const stream = streamText({ model: modelBy(name), prompt: 'Hello', ...once })
      let text = ''
      for await (const piece of stream.textStream) text += piece
      expect(text).toBe(greeting)
      expect(await stream.usage).toMatchObject({ inputTokens: 12, outputTokens: 5 })
    })

    test('tools are called at once and answered, streamed and not', async () => {
      const ask = {
        model: modelBy(name),
        prompt: 'Weather in both?',
        tools,
        stopWhen: isStepCount(3),
        ...once,
      }
      const { text, steps } = await generateText(ask)
      expect(text).toBe(both)
      expect(steps[0]?.toolCalls.map(({ input }) => input)).toEqual([
        { city: 'Paris' },
        { city: 'Łódź' },
      ])
      expect(await streamText(ask).text).toBe(both)
    })

    test('an agent, a tool that must be called, and an object in pieces', async () => {
      const agent = new ToolLoopAgent({ model: modelBy(name), tools, ...once })
      expect((await agent.generate({ prompt: 'Weather in both?' })).text).toBe(both)
      const toolChoice = { type: 'tool', toolName: 'weather' } as const
      const ask = { model: modelBy(name), prompt: 'Weather?', tools, toolChoice, ...once }
      const { toolCalls } = await generateText(ask)
      expect(toolCalls.map(({ input }) => input)).toEqual([{ city: 'Paris' }])
      const output = Output.object({ schema: jsonSchema<{ city: string }>(schemaOf()) })
      const placed = streamText({ model: modelBy(name), prompt: 'Which city?', output, ...once })
      expect(await placed.output).toEqual({ city: 'Paris' })
    })

    test('a picture, and an object by a schema', async () => {
      const content = [
        { type: 'text' as const, text: 'What is this?' },
        { type: 'file' as const, data: onePixel, mediaType: 'image/png' },
      ]
      const seen = await generateText({
        model: modelBy(name),
        messages: [{ role: 'user', content }],
        ...once,
      })
      expect(seen.text).toBe('I see image/png')
      const placed = await generateText({
        model: modelBy(name),
        prompt: 'Which city?',
        output: Output.object({ schema: jsonSchema<{ city: string }>(schemaOf()) }),
        ...once,
      })
      expect(placed.output).toEqual({ city: 'Paris' })
    })

    test('a stream that breaks off raises', async () => {
      const errors: unknown[] = []
      const stream = streamText({
        model: modelBy(`${name}-cut`),
        prompt: 'Break off',
        ...once,
        onError: ({ error }) => void errors.push(error),
      })
      for await (const part of stream.fullStream) void part
      expect(errors).not.toEqual([])
    })
  })
})

test.each(embeddingModels)('embeddings of %s', async (name) => {
  const model = compatible().embeddingModel(name)
  const { embeddings } = await embedMany({ model, values: ['a', 'b'], ...once })
  expect(embeddings).toEqual([
    [0.25, -0.5, 1],
    [0.25, -0.5, 1],
  ])
})

describe.each(models)('what goes wrong with %s', (name) => {
  test.each([
    ['-400', 'Fail with 400', 400, false],
    ['-429', 'Fail with 429', 429, true],
    ['-500', 'Fail with 500', 502, true],
  ])('%s raises its class', async (fault, prompt, statusCode, isRetryable) => {
    const asked = generateText({ model: compatible()(name + fault), prompt, ...once })
    const error = await asked.catch((thrown: unknown) => thrown)
    expect(APICallError.isInstance(error)).toBe(true)
    expect(error).toMatchObject({ statusCode, isRetryable })
  })
})

test.each([
  ['a wrong key', 'local', 'sk-wrong', 401],
  ['an unknown model', 'nobody', undefined, 404],
])('%s raises its class', async (_, name, key, statusCode) => {
  const asked = generateText({ model: compatible(key)(name), prompt: 'Hello', ...once })
  const error = await asked.catch((thrown: unknown) => thrown)
  expect(APICallError.isInstance(error)).toBe(true)
  expect(error).toMatchObject({ statusCode })
})
