import type OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { createFakeUpstream, streamChat, type FakeUpstream } from '../doubles/fake-upstream.ts'
import { deployment, startGateway, until, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = await createFakeUpstream()
  const price = { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 }
  gateway = await startGateway({
    config: {
      model_list: [
        deployment('ours', upstream.url, price),
        deployment('groq', upstream.url, { ...price, model: 'groq/llama' }),
        deployment('plain', upstream.url, { ...price, model: 'mistral/large' }),
      ],
      litellm_settings: {
        cost_discount_config: { openai: 0.5 },
        cost_margin_config: { groq: { percentage: 0.1, fixed_amount: 0.001 } },
      },
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

async function costs(model: string): Promise<Record<string, string>> {
  const messages = [{ role: 'user', content: 'hi' }]
  const answer = await gateway.post('/v1/chat/completions', { model, messages })
  const told = [...answer.headers].filter(([name]) => name.startsWith('x-litellm-response-cost'))
  return Object.fromEntries(told.map(([name, value]) => [name.slice(23), value]))
}

// Five tokens in, three out: 5 × 1/M + 3 × 2/M = 0.000011.
test.each([
  ['ours', { '': '0.0000055', '-original': '0.000011', '-discount-amount': '0.0000055' }],
  [
    'groq',
    {
      '': '0.0010121',
      '-original': '0.000011',
      '-margin-amount': '0.0010011',
      '-margin-percent': '0.1',
    },
  ],
  ['plain', { '': '0.000011' }],
])('%s: the headers tell the cost, and what was taken off and put on', async (model, told) => {
  expect(await costs(model)).toEqual(told)
})

test('a stream, and the sum of what was spent, have them too', async () => {
  upstream.script(streamChat())
  const spent = () => gateway.metric('litellm_spend_metric_total', { model: 'ours' })
  const before = await spent()
  const stream = await gateway.client.chat.completions.create({
    model: 'ours',
    messages: [{ role: 'user', content: 'hi' }],
    stream: true,
    stream_options: { include_usage: true },
  })
  const chunks: OpenAI.ChatCompletionChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  // 5 × 1/M + 2 × 2/M = 0.000009, half of it
  expect(chunks.at(-1)?.usage).toMatchObject({ cost: 0.000_004_5 })
  await until(async () => Math.abs((await spent()) - before - 0.000_004_5) < 1e-12)
})
