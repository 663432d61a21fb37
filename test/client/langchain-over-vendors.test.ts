import { HumanMessage, ToolMessage, type AIMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
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

const chat = (model: string, useResponsesApi = false, apiKey = gateway.key) =>
  new ChatOpenAI({
    model,
    apiKey,
    useResponsesApi,
    maxRetries: 0,
    configuration: { baseURL: `${gateway.url}/v1` },
  })
const weather = tool(({ city }: { city: string }) => `rain in ${city}`, {
  name: 'weather',
  description: 'Weather of a city',
  schema: schemaOf(),
})
const counted = { input_tokens: 12, output_tokens: 5, total_tokens: 17 }

async function collect<Piece>(stream: AsyncIterable<Piece>): Promise<Piece[]> {
  const pieces: Piece[] = []
  for await (const piece of stream) pieces.push(piece)
  return pieces
}

async function answered(words: string, message: AIMessage) {
  const results = await Promise.all(
    (message.tool_calls ?? []).map(
      async ({ id = '', args }) =>
        new ToolMessage({ tool_call_id: id, content: `rain in ${String(args['city'])}` }),
    ),
  )
  return [new HumanMessage(words), message, ...results]
}

describe.each([
  ['chat', false],
  ['responses', true],
])('@langchain/openai by %s', (_, useResponsesApi) => {
  describe.each(models)('%s', (name) => {
    test('an answer, with what it used', async () => {
      const message = await chat(name, useResponsesApi).invoke('Hello')
      expect(message.text).toBe(greeting)
      expect(message.usage_metadata).toMatchObject(counted)
    })

    test('a stream, with what it used', async () => {
      const pieces = await collect(await chat(name, useResponsesApi).stream('Hello'))
      expect(pieces.map(({ text }) => text).join('')).toBe(greeting)
      const whole = pieces.reduce((sum, piece) => sum.concat(piece))
      expect(whole.usage_metadata).toMatchObject(counted)
    })

    test('tools are called at once and answered, streamed and not', async () => {
      const words = 'Weather in both?'
      const model = chat(name, useResponsesApi).bindTools([weather])
      const pieces = await collect(await model.stream(words))
      const streamed = pieces.reduce((sum, piece) => sum.concat(piece))
      for (const message of [await model.invoke(words), streamed]) {
        expect(message.tool_calls?.map(({ args }) => args)).toEqual([
          { city: 'Paris' },
          { city: 'Łódź' },
        ])
        const end = await model.invoke(await answered(words, message))
        expect(end.text).toBe('The tools said: rain in Paris; rain in Łódź')
      }
    })

    test('a picture', async () => {
      const content = [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: onePixel } },
      ]
      const message = await chat(name, useResponsesApi).invoke([new HumanMessage({ content })])
      expect(message.text).toBe('I see image/png')
    })

    test.each(['jsonSchema', 'functionCalling'] as const)('an object by %s', async (method) => {
      const model = chat(name, useResponsesApi).withStructuredOutput(schemaOf(), {
        name: 'place',
        method,
      })
      expect(await model.invoke('Which city?')).toEqual({ city: 'Paris' })
    })

    test('a stream that breaks off raises', async () => {
      const read = async () =>
        collect(await chat(`${name}-cut`, useResponsesApi).stream('Break off'))
      await expect(read()).rejects.toThrow(/fell over|broke off|failed|cut/i)
    })
  })
})

test.each(embeddingModels)('embeddings of %s', async (model) => {
  const embeddings = new OpenAIEmbeddings({
    model,
    apiKey: gateway.key,
    maxRetries: 0,
    configuration: { baseURL: `${gateway.url}/v1` },
  })
  expect(await embeddings.embedDocuments(['a', 'b'])).toEqual([
    [0.25, -0.5, 1],
    [0.25, -0.5, 1],
  ])
})

test.each([
  ['claude-400', 'Fail with 400', undefined, 400],
  ['llama-429', 'Fail with 429', undefined, 429],
  ['command-500', 'Fail with 500', undefined, 502],
  ['gemini', 'Hello', 'sk-wrong', 401],
  ['nobody', 'Hello', undefined, 404],
])('%s: %s raises with its status', async (model, words, key, status) => {
  const asked = chat(model, false, key).invoke(words)
  await expect(asked).rejects.toMatchObject({ status })
})
