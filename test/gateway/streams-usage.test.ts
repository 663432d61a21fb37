import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import {
  answerChat,
  answerError,
  chatFrames,
  createFakeUpstream,
  cutAfter,
  hang,
  refusingUrl,
  stall,
  streamBytes,
  streamChat,
  type Behaviour,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGateway, until, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = await createFakeUpstream()
  const quick = { num_retries: 0, chunk_timeout: 1, stream_timeout: 1, timeout: 1 }
  gateway = await startGateway({
    config: {
      model_list: [
        deployment('m', upstream.url, quick),
        deployment('dead', await refusingUrl(), quick),
        {
          model_name: 'ollama',
          litellm_params: { model: 'ollama_chat/x', ...quick, api_base: upstream.url },
        },
      ],
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
afterEach(() => until(async () => (await gateway.metric('litellm_in_flight_requests')) === 0))

// Forty letters: about ten tokens.
const messages = [{ role: 'user', content: 'abcd '.repeat(8) }]
const promptTokens = 11

interface Counted {
  readonly prompt: number
  readonly completion: number
}

const counts = async (): Promise<Counted> => ({
  prompt: await gateway.metric('litellm_input_tokens_metric_total'),
  completion: await gateway.metric('litellm_output_tokens_metric_total'),
})

/** What was billed for one request, to its end or until its caller leaves. */
async function billed(
  behaviour: Behaviour,
  { model = 'm', isStream = true, leaveAfterMs = 0, fields = {} } = {},
): Promise<Counted> {
  upstream.script(behaviour)
  const before = await counts()
  const controller = new AbortController()
  const asked = fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages, stream: isStream, ...fields }),
    signal: controller.signal,
  })
    .then((answer) => answer.text())
    .catch(() => undefined)
  if (leaveAfterMs > 0) {
    await sleep(leaveAfterMs)
    controller.abort()
  }
  await asked
  await until(async () => (await gateway.metric('litellm_in_flight_requests')) === 0)
  const after = await counts()
  return { prompt: after.prompt - before.prompt, completion: after.completion - before.completion }
}

const texts = Array.from({ length: 10 }, (_, at) => `wo${at} `)
const frames = chatFrames({ texts }, false)
/** The role and six words. */
const begun = frames.slice(0, 7)
const head = begun.join('')
const about = (value: number, off: number) =>
  expect.toSatisfy((n: number) => Math.abs(n - value) <= off)

describe('a stream that did not end well is billed as far as it came:', () => {
  const cases: [string, Behaviour, object][] = [
    ['its caller left', stall(begun), { leaveAfterMs: 300 }],
    ['it was cut off', cutAfter(Buffer.byteLength(head), frames.join('')), {}],
    ['it fell silent', stall(begun), {}],
    ['it ended without a reason', streamBytes(begun), {}],
    ['it ended in an error', streamBytes([...begun, 'data: {"error":{"message":"no"}}\n\n']), {}],
    ['its deadline came', stall(begun), { fields: { timeout: 0.4 } }],
  ]
  test.each(cases)('%s', async (_, behaviour, how) => {
    expect(await billed(behaviour, how)).toEqual({
      prompt: about(promptTokens, 3),
      completion: about(6, 2),
    })
  })

  test('long events hold more than a token each', async () => {
    const long = chatFrames({ texts: ['word '.repeat(100)] }, false).slice(0, 2)
    const { completion } = await billed(streamBytes(long))
    expect(completion).toEqual(about(125, 25))
  })

  test('what it told until then is taken as told', async () => {
    const told = begun.map((frame, at) =>
      frame.replace(
        '}\n\n',
        `,"usage":{"prompt_tokens":70,"completion_tokens":${at},"total_tokens":${70 + at}}}\n\n`,
      ),
    )
    const fields = { stream_options: { include_usage: true, continuous_usage_stats: true } }
    expect(await billed(streamBytes(told), { fields })).toEqual({ prompt: 70, completion: 6 })
    expect(await billed(streamBytes(told))).toEqual({ prompt: 70, completion: 6 })
  })

  test('a translated one too', async () => {
    const lines = texts
      .slice(0, 6)
      .map((content) => `${JSON.stringify({ message: { content }, done: false })}\n`)
    const cut = streamBytes(lines, { contentType: 'application/x-ndjson' })
    expect(await billed(cut, { model: 'ollama' })).toEqual({
      prompt: about(promptTokens, 3),
      completion: about(6, 2),
    })
  })
})

describe('a stream that ended well', () => {
  test('is billed as its upstream says', async () => {
    expect(await billed(streamChat({ texts }))).toEqual({ prompt: 5, completion: 10 })
  })

  test('is estimated where its upstream does not count', async () => {
    expect(await billed(streamChat({ texts, usage: 'never' }))).toEqual({
      prompt: about(promptTokens, 3),
      completion: about(11, 3),
    })
  })
})

describe('an answer that is not streamed', () => {
  test.each([
    ['its caller left', hang, { leaveAfterMs: 300 }],
    ['it never came', hang, {}],
    ['it was cut off', cutAfter(20, '{"choices":[{"index":0}]}', 'application/json'), {}],
  ] as const)('is billed for its prompt: %s', async (_, behaviour, how) => {
    expect(await billed(behaviour, { isStream: false, ...how })).toEqual({
      prompt: about(promptTokens, 3),
      completion: 0,
    })
  })

  test('is billed as told where it came', async () => {
    expect(await billed(answerChat(), { isStream: false })).toEqual({ prompt: 5, completion: 3 })
  })

  test.each([
    ['was refused', answerError(400), 'm'],
    ['failed', answerError(500), 'm'],
    ['could not be sent', answerChat(), 'dead'],
  ] as const)('costs nothing that %s', async (_, behaviour, model) => {
    expect(await billed(behaviour, { isStream: false, model })).toEqual({
      prompt: 0,
      completion: 0,
    })
  })
})
