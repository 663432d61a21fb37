import { afterAll, beforeAll, expect, test } from 'vitest'

import {
  createFakeUpstream,
  streamChat,
  answerError,
  answerChat,
  type FakeUpstream,
} from '../../doubles/fake-upstream.ts'
import { deployment, startGateway, type TestGateway } from '../../doubles/gateway.ts'
import { families } from '../../../gateway/telemetry/families.ts'

let upstream: FakeUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = await createFakeUpstream()
  gateway = await startGateway({
    config: {
      module: 'llm',
      endpoints: ['chat-completions'],
      model_list: [
        deployment('m', upstream.url, { num_retries: 1 }),
        deployment('any/*', upstream.url, { model: 'openai/*' }),
      ],
      router_settings: { model_group_alias: { short: 'm' } },
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const ask = (model: string, more = {}) =>
  gateway.post('/v1/chat/completions', { model, messages: [], ...more }).then(async (response) => {
    await response.text()
    return response.status
  })
const scrape = async () => (await gateway.get('/metrics')).text()

test('no label holds a value that a caller can invent', async () => {
  const invented = 'invented-by-the-caller'
  await ask(`any/${invented}`)
  await ask(invented)
  await gateway.post(
    '/v1/chat/completions',
    { model: 'm', messages: [], user: invented },
    {
      'user-agent': invented,
      'x-litellm-call-id': invented,
      'x-forwarded-for': invented,
    },
  )
  await gateway.get(`/v1/${invented}`)
  await gateway.post(`/engines/any%2F${invented}/chat/completions`, { messages: [] })
  expect(await scrape()).not.toContain(invented)
  expect(await gateway.metric('litellm_requests_total', { model: 'any/*', status: '200' })).toBe(2)
  expect(
    await gateway.metric('litellm_requests_total', { model: '(unknown)', status: '404' }),
  ).toBe(1)
})

test('every series carries the module', async () => {
  const series = (await scrape()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  expect(series.length).toBeGreaterThan(50)
  expect(series.filter((line) => !line.includes('module="llm"'))).toEqual([])
})

test('requests, tokens and attempts add up', async () => {
  const numbers = () =>
    Promise.all([
      gateway.metric('litellm_requests_total', { model: 'm', status: '200' }),
      gateway.metric('litellm_proxy_total_requests_metric_total', { requested_model: 'm' }),
      gateway.metric('litellm_total_tokens_metric_total', { requested_model: 'm' }),
      gateway.metric('litellm_request_total_latency_metric_count', { requested_model: 'm' }),
      gateway.metric('litellm_llm_api_time_to_first_token_metric_count', { requested_model: 'm' }),
      gateway.metric('colonnade_upstream_attempts_total', { outcome: 'upstream_failed' }),
    ])
  const before = await numbers()
  upstream.script([answerError(500), answerChat(), streamChat({ texts: ['a', 'b'] })])
  await ask('m')
  await ask('m', { stream: true })
  const after = await numbers()
  expect(after.map((value, at) => value - (before[at] ?? 0))).toEqual([2, 2, 8 + 7, 2, 1, 1])
})

test('a failed request is counted as such, by class', async () => {
  upstream.script(answerError(400))
  await ask('m')
  const name = 'litellm_proxy_failed_requests_metric_total'
  expect(
    await gateway.metric(name, { exception_class: 'BadRequestError', exception_status: '400' }),
  ).toBe(1)
  upstream.script(answerChat())
})

test('histogram buckets are cumulative and end with the count', async () => {
  const text = await scrape()
  const buckets = text
    .split('\n')
    .filter(
      (line) =>
        line.startsWith('litellm_request_total_latency_metric_bucket') &&
        line.includes('model="upstream-model"'),
    )
  const one = buckets
    .filter((line) => line.includes('requested_model="m"'))
    .map((line) => Number(line.split(' ').at(-1)))
  expect(one.length).toBeGreaterThan(10)
  expect(one.slice(0, 18)).toEqual(one.slice(0, 18).toSorted((a, b) => a - b))
})

test('both paths answer, and a family has one name', async () => {
  expect((await gateway.get('/metrics/')).status).toBe(200)
  expect((await fetch(`${gateway.url}/metrics`)).status).toBe(200)
  expect(new Set(families.map(({ name }) => name)).size).toBe(families.length)
})

test('metrics can be closed to those without a key', async () => {
  const closed = await startGateway({
    config: {
      model_list: [deployment('m', upstream.url)],
      litellm_settings: { require_auth_for_metrics_endpoint: true },
    },
  })
  expect((await fetch(`${closed.url}/metrics`)).status).toBe(401)
  expect((await closed.get('/metrics')).status).toBe(200)
  await closed.close()
})
