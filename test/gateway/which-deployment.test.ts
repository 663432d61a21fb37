import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import {
  after,
  answerChat,
  answerEmbeddings,
  createFakeUpstream,
  type Behaviour,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { startGateway, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway | undefined

beforeEach(async () => {
  upstream = await createFakeUpstream()
})

afterEach(async () => {
  await gateway?.close()
  gateway = undefined
  await upstream.close()
})

interface Entry {
  readonly params?: Record<string, unknown>
  readonly info?: Record<string, unknown>
}

/** A gateway with one model, its deployments by their names. */
async function serve(
  deployments: Readonly<Record<string, Entry>>,
  router_settings: Record<string, unknown> = {},
): Promise<void> {
  const model_list = Object.entries(deployments).map(([name, { params, info }]) => ({
    model_name: 'm',
    litellm_params: {
      model: `openai/${name}`,
      api_base: `${upstream.url}/${name}/v1`,
      api_key: 'none',
      ...params,
    },
    model_info: { id: name, ...info },
  }))
  gateway = await startGateway({ config: { model_list, router_settings } })
}

const user = (content: unknown) => ({ messages: [{ role: 'user', content }] })

/** Who was asked, or the refusal. */
async function ask(body: object = user('Hi'), headers: Record<string, string> = {}) {
  if (!gateway) throw new Error('no gateway')
  const answer = await gateway.post('/v1/chat/completions', { model: 'm', ...body }, headers)
  if (answer.status === 200) return answer.headers.get('x-litellm-model-id')
  const { error }: { error: Record<string, unknown> } = JSON.parse(await answer.text())
  return { status: answer.status, ...error }
}

const picture = user([{ type: 'image_url', image_url: { url: 'https://example.com/cat.png' } }])

describe('what a model cannot do', () => {
  test('sends a request to another deployment that can', async () => {
    await serve({
      blind: { params: { order: 1 }, info: { supports_vision: false } },
      seeing: { params: { order: 2 } },
    })
    expect(await ask()).toBe('blind')
    expect(await ask(picture)).toBe('seeing')
  })

  test('is a 400 that names it where no deployment can', async () => {
    await serve({ blind: { info: { supports_vision: false } } })
    expect(await ask(picture)).toMatchObject({
      status: 400,
      code: 'unsupported_parameter',
      param: 'messages',
      message: 'The model m does not take images.',
    })
    expect(upstream.requests).toHaveLength(0)
  })
})

test('a prompt goes to the deployment that can take it, and is refused where none can', async () => {
  const long = (tokens: number) => user('word'.repeat(tokens))
  await serve(
    {
      small: { params: { order: 1 }, info: { max_input_tokens: 100 } },
      large: { params: { order: 2 }, info: { max_input_tokens: 1_000 } },
    },
    { enable_pre_call_checks: true },
  )
  expect(await ask(long(50))).toBe('small')
  expect(await ask(long(500))).toBe('large')
  expect(await ask(long(2_000))).toMatchObject({ status: 400, code: 'context_length_exceeded' })
})

test('many texts to embed are no long prompt', async () => {
  upstream.script(answerEmbeddings())
  await serve({ small: { info: { max_input_tokens: 100 } } }, { enable_pre_call_checks: true })
  const input = Array.from({ length: 50 }, () => 'ten words or so, and each of them quite short')
  const answer = await gateway?.post('/v1/embeddings', { model: 'm', input })
  expect(answer?.status).toBe(200)
})

test('tags of body and header say where a request may go', async () => {
  await serve(
    {
      free: { params: { tags: ['free'] } },
      paid: { params: { tags: ['paid', 'eu'] } },
      rest: { params: { tags: ['default'] } },
    },
    { enable_tag_filtering: true },
  )
  expect(await ask()).toBe('rest')
  expect(await ask({ ...user('Hi'), tags: ['paid'] })).toBe('paid')
  expect(await ask({ ...user('Hi'), metadata: { tags: ['free'] } })).toBe('free')
  expect(await ask(user('Hi'), { 'x-litellm-tags': 'free,&eu' })).toMatchObject({
    status: 403,
    code: 'model_not_allowed',
  })
})

test.each([
  ['cost-based-routing', { input_cost_per_token: 2e-6, output_cost_per_token: 2e-6 }],
  ['simple-shuffle', { weight: 0 }],
  ['peak-ewma', { order: 2 }],
] as const)('%s passes over %j', async (routing_strategy, params) => {
  const better = { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6, weight: 1, order: 1 }
  await serve(
    { worse: { params: { ...better, ...params } }, better: { params: better } },
    { routing_strategy },
  )
  for (let count = 0; count < 12; count += 1) expect(await ask()).toBe('better')
})

test('usage-based routing sends to whoever was sent least in this minute', async () => {
  upstream.script((request, response) => {
    const total_tokens = request.path.startsWith('/a/') ? 900 : 300
    const usage = { prompt_tokens: total_tokens - 3, completion_tokens: 3, total_tokens }
    return answerChat('Hi.', { usage })(request, response)
  })
  await serve({ a: {}, b: {} }, { routing_strategy: 'usage-based-routing-v2' })
  const asked: unknown[] = []
  for (let count = 0; count < 8; count += 1) asked.push(await ask())
  // 900 tokens there are three answers here.
  expect(asked.filter((one) => one === 'a')).toHaveLength(2)
})

test('latency-based routing tries each, and stays with the fastest', async () => {
  upstream.script((request, response) =>
    after(request.path.startsWith('/fast/') ? 1 : 200, answerChat())(request, response),
  )
  await serve({ slow: {}, fast: {}, slower: {} }, { routing_strategy: 'latency-based-routing' })
  const asked: unknown[] = []
  for (let count = 0; count < 8; count += 1) asked.push(await ask())
  expect(new Set(asked.slice(0, 3)).size).toBe(3)
  expect(asked.slice(3)).toEqual(asked.slice(3).map(() => 'fast'))
})

test('least-busy sends to whoever has the fewest calls under way', async () => {
  const held = holdSome()
  upstream.script(held.behaviour)
  await serve({ a: {}, b: {}, c: {} }, { routing_strategy: 'least-busy' })
  const waiting: Promise<unknown>[] = []
  for (let count = 1; count <= 6; count += 1) {
    waiting.push(ask(user('Hold this')))
    await upstream.arrived(count)
  }
  expect(upstream.requests.map(({ path }) => path[1]).join('')).toBe('abcabc')
  held.release()
  expect(await Promise.all(waiting)).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
})

describe('prefix-affinity', () => {
  const conversation = (name: string, turns: number) => ({
    messages: [
      { role: 'system', content: 'You are helpful.' },
      { role: 'user', content: `This is about ${name}.` },
      ...Array.from({ length: turns }, (_, at) => [
        { role: 'assistant', content: `Answer ${at}` },
        { role: 'user', content: `Question ${at}` },
      ]).flat(),
    ],
  })

  test('keeps a conversation at one server while it grows, and spreads conversations', async () => {
    await serve({ a: {}, b: {}, c: {} }, { routing_strategy: 'prefix-affinity' })
    const held = holdSome()
    upstream.script(held.behaviour)
    const waiting = Array.from({ length: 12 }, (_, at) => ask(user(`Hold ${at}`)))
    await upstream.arrived(12)
    const homes = new Set<unknown>()
    for (let name = 0; name < 12; name += 1) {
      const asked: unknown[] = []
      for (let turns = 0; turns < 4; turns += 1)
        asked.push(await ask(conversation(`${name}`, turns)))
      expect(new Set(asked).size).toBe(1)
      homes.add(asked[0])
    }
    expect(homes.size).toBe(3)
    held.release()
    await Promise.all(waiting)
  })
})

/** Answers at once, but for requests that ask to be held: those when they are let go. */
function holdSome(): { behaviour: Behaviour; release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return {
    release: resolve,
    behaviour: async (request, response) => {
      if (request.body.includes('Hold')) await promise
      await answerChat()(request, response)
    },
  }
}

test('a decision is told by /explain as it was made', async () => {
  await serve({ first: { params: { order: 1 } }, second: { params: { order: 2 } } })
  const answer = await gateway?.post('/v1/chat/completions', { model: 'm', ...user('Hi') })
  const told = await gateway?.get(`/explain/${answer?.headers.get('x-litellm-call-id')}`)
  const { decisions }: { decisions: unknown } = JSON.parse((await told?.text()) ?? '')
  expect(decisions).toMatchObject([
    {
      group: 'm',
      input: {
        strategy: 'peak-ewma',
        candidates: [{ traits: { id: 'first' } }, { traits: { id: 'second' } }],
      },
      decision: {
        order: [0],
        passedOver: [{ index: 1, reason: 'lower priority', forMs: 0 }],
        isLastResort: false,
      },
    },
  ])
})
