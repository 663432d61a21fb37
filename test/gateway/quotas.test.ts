import { afterEach, beforeEach, expect, test } from 'vitest'

import { createFakeUpstream, type FakeUpstream } from '../doubles/fake-upstream.ts'
import { deployment, startGateway, type TestGateway } from '../doubles/gateway.ts'

let free: FakeUpstream
let paid: FakeUpstream
const gateways: TestGateway[] = []

beforeEach(async () => {
  free = await createFakeUpstream()
  paid = await createFakeUpstream()
})
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close()))
  await Promise.all([free.close(), paid.close()])
})

/** A free tier before a paid deployment, under one name. */
function tiers(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    model_list: [
      { ...deployment('m', free.url, { order: 1, ...params }), model_info: { id: 'free' } },
      { ...deployment('m', paid.url, { order: 2 }), model_info: { id: 'paid' } },
    ],
  }
}

async function start(config: Record<string, unknown>): Promise<TestGateway> {
  const gateway = await startGateway({ config })
  gateways.push(gateway)
  return gateway
}

const ask = ({ client }: TestGateway, more = {}) =>
  client.chat.completions.create({
    model: 'm',
    messages: [{ role: 'user', content: 'hi' }],
    ...more,
  })

test('the paid deployment is asked once the free quota is used up, and not before', async () => {
  const gateway = await start(tiers({ quota: { unit: 'requests', amount: 3, per: 'day' } }))
  for (let call = 0; call < 5; call += 1) await ask(gateway)
  expect([free.requests.length, paid.requests.length]).toEqual([3, 2])
})
