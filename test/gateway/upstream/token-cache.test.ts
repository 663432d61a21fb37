import { afterEach, beforeEach, expect, test } from 'vitest'

import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import type { Credentials } from '../../../gateway/providers/credentials.ts'
import { Pools } from '../../../gateway/upstream/pools.ts'
import { TokenCache } from '../../../gateway/upstream/token-cache.ts'
import {
  after,
  answerError,
  answerJson,
  createFakeUpstream,
  type Behaviour,
  type FakeUpstream,
} from '../../doubles/fake-upstream.ts'

let endpoint: FakeUpstream
let pools: Pools
let nowMs: number
let tokens: TokenCache

beforeEach(async () => {
  endpoint = await createFakeUpstream()
  pools = new Pools()
  nowMs = 1_760_000_000_000
  tokens = new TokenCache({ pool: (origin) => pools.of(origin), wallClock: () => nowMs })
})

afterEach(async () => {
  await pools.destroy()
  await endpoint.close()
})

const minute = 60_000

function credentials(id = 'a'): Credentials {
  return {
    id,
    secrets: [],
    request: (at) => ({
      url: `${endpoint.url}/token?v=1`,
      headers: ['content-type', 'application/x-www-form-urlencoded'],
      body: `id=${id}&at=${at}`,
    }),
    read: ({ status, body }, at) => {
      if (status !== 200) throw new GatewayError('upstream_refused_our_key', 'No.')
      const { token, minutes } = JSON.parse(Buffer.from(body).toString())
      return { headers: ['authorization', `Bearer ${token}`], expiresAtMs: at + minutes * minute }
    },
  }
}

const hands = (token: string, minutes = 60): Behaviour => answerJson({ token, minutes })
const bearer = (token: string): string[] => ['authorization', `Bearer ${token}`]

test('a token is asked for once, by all who need it at the same time', async () => {
  endpoint.script(after(20, hands('one')))
  const all = Array.from({ length: 10 }, async () => tokens.headersFor(credentials()))
  expect(await Promise.all(all)).toEqual(all.map(() => bearer('one')))
  expect(endpoint.requests).toHaveLength(1)
  expect(endpoint.requests[0]).toMatchObject({ method: 'POST', path: '/token?v=1' })
  expect(String(endpoint.requests[0]?.body)).toBe(`id=a&at=${nowMs}`)
})

test('while it is good it is there at once', async () => {
  endpoint.script(hands('one'))
  await tokens.headersFor(credentials())
  nowMs += 50 * minute
  expect(tokens.headersFor(credentials())).toEqual(bearer('one'))
  expect(endpoint.requests).toHaveLength(1)
})

test('before it runs out another is fetched, and nobody waits', async () => {
  endpoint.script([hands('one'), hands('two')])
  await tokens.headersFor(credentials())
  nowMs += 56 * minute
  expect(tokens.headersFor(credentials())).toEqual(bearer('one'))
  await endpoint.arrived(2)
  await expect.poll(() => tokens.headersFor(credentials())).toEqual(bearer('two'))
  expect(endpoint.requests).toHaveLength(2)
})

test('a renewal that fails leaves the one in hand, and is tried again', async () => {
  endpoint.script([hands('one'), answerError(503), hands('two')])
  await tokens.headersFor(credentials())
  nowMs += 56 * minute
  expect(tokens.headersFor(credentials())).toEqual(bearer('one'))
  await expect
    .poll(async () => [await tokens.headersFor(credentials()), endpoint.requests.length])
    .toEqual([bearer('two'), 3])
})

test('one that has run out is waited for', async () => {
  endpoint.script([hands('one'), hands('two')])
  await tokens.headersFor(credentials())
  nowMs += 60 * minute
  expect(await tokens.headersFor(credentials())).toEqual(bearer('two'))
})

test('a refusal is told to who asked, and the next one asks again', async () => {
  endpoint.script([answerError(400), hands('one')])
  await expect(tokens.headersFor(credentials())).rejects.toMatchObject({
    code: 'upstream_refused_our_key',
  })
  expect(await tokens.headersFor(credentials())).toEqual(bearer('one'))
})

test('an endpoint that is away is an upstream that cannot be reached', async () => {
  await endpoint.close()
  await expect(tokens.headersFor(credentials())).rejects.toMatchObject({
    code: 'upstream_unreachable',
  })
})

test('other credentials have another token', async () => {
  endpoint.script([hands('one'), hands('two')])
  expect(await tokens.headersFor(credentials('a'))).toEqual(bearer('one'))
  expect(await tokens.headersFor(credentials('b'))).toEqual(bearer('two'))
})
