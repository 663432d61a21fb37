import Anthropic from '@anthropic-ai/sdk'
import { Stream as AnthropicStream } from '@anthropic-ai/sdk/core/streaming'
import { APIError } from 'openai'
import { Stream } from 'openai/core/streaming'
import { expect, test } from 'vitest'

import { chatCompletions, messages, responses } from '../../../gateway/endpoints/chat.ts'
import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { errorEventOf } from '../../../gateway/pipeline/error-event.ts'

const error = new GatewayError('stream_interrupted', 'It broke off.')

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

test.each([chatCompletions, responses])('OpenAI’s client raises on it: $name', async (endpoint) => {
  const response = new Response(errorEventOf(error, endpoint))
  const read = drain(Stream.fromSSEResponse(response, new AbortController()))
  await expect(read).rejects.toThrow(APIError)
  await expect(read).rejects.toMatchObject({ code: 'stream_interrupted' })
})

test('Anthropic’s client, which looks at named events alone, raises on it', async () => {
  const response = new Response(errorEventOf(error, messages))
  const read = drain(AnthropicStream.fromSSEResponse(response, new AbortController()))
  await expect(read).rejects.toThrow(Anthropic.APIError)
  await expect(read).rejects.toThrow('It broke off.')
})

test('it is one event, whatever the message holds', () => {
  const odd = new GatewayError('stream_interrupted', 'a\n\ndata: [DONE]\n\n\r')
  for (const endpoint of [chatCompletions, messages])
    expect(
      errorEventOf(odd, endpoint)
        .trimEnd()
        .split(/\r|\n\n/),
    ).toHaveLength(1)
})
