import { afterAll, beforeAll, expect, test } from 'vitest'

import { answerChat, createFakeUpstream, type FakeUpstream } from '../../doubles/fake-upstream.ts'
import { deployment, startGateway, until, type TestGateway } from '../../doubles/gateway.ts'
import { createTestPostgres, type TestPostgres } from '../../doubles/postgres.ts'

let upstream: FakeUpstream
let postgres: TestPostgres
let gateway: TestGateway

beforeAll(async () => {
  ;[upstream, postgres] = await Promise.all([
    createFakeUpstream(answerChat()),
    createTestPostgres(),
  ])
  const database = await postgres.createDatabase()
  const price = { input_cost_per_token: 0.001, output_cost_per_token: 0.01 }
  gateway = await startGateway({
    config: {
      model_list: [deployment('m', upstream.url, price), deployment('n', upstream.url, price)],
    },
    env: {
      DATABASE_URL: database.url,
      SALT_KEY: 'a-salt-key-for-tests-that-is-long-enough',
      SHUTDOWN_DELAY_S: '0',
    },
  })
  await until(async () => (await json('/health/readiness'))['db'] === 'connected')
  await ask('m', { user: 'eve', metadata: { tags: ['night', 'batch'] } })
  await ask('m', { user: 'eve' })
  await ask('n', { metadata: { tags: ['night'] } })
  await until(async () => (await json('/global/spend'))['spend'] > 0)
  await until(async () => (await list('/spend/logs')).length === 3)
})
afterAll(async () => {
  await gateway.close()
  await Promise.all([upstream.close(), postgres.remove()])
})

async function ask(model: string, more: object): Promise<void> {
  const answer = await gateway.post('/v1/chat/completions', {
    model,
    messages: [{ role: 'user', content: 'Hi' }],
    ...more,
  })
  await answer.text()
}

// oxlint-disable-next-line typescript/no-explicit-any
async function json(at: string): Promise<any> {
  const answer = await gateway.get(at)
  return JSON.parse(await answer.text())
}

async function list(at: string): Promise<Record<string, unknown>[]> {
  const found = await json(at)
  expect(Array.isArray(found), JSON.stringify(found)).toBe(true)
  return found
}

const today = () => new Date().toISOString().slice(0, 10)
const days = () => `start_date=2020-01-01&end_date=${today()}`
const master = 'litellm_proxy_master_key'

test('single exchanges by LiteLLM’s names, never a prompt among them', async () => {
  const logs = await list('/spend/logs')
  expect(logs.map(({ model_group }) => model_group)).toEqual(['n', 'm', 'm'])
  expect(logs[2]).toMatchObject({
    api_key: master,
    call_type: 'chat-completions',
    custom_llm_provider: 'openai',
    end_user: 'eve',
    request_tags: ['night', 'batch'],
    status: 'success',
    total_tokens: 8,
    metadata: { outcome: 'ok', is_priced: true },
  })
  expect(Number(logs[2]?.['spend'])).toBeGreaterThan(0)
  expect(JSON.stringify(logs)).not.toContain('Hi')
  const [one] = await list(`/spend/logs?request_id=${String(logs[1]?.['request_id'])}`)
  expect(one).toEqual(logs[1])
})

test('pages, and how many there are', async () => {
  const page = await json('/spend/logs/v2?page=2&page_size=2')
  expect(page).toMatchObject({ total: 3, page: 2, page_size: 2, total_pages: 2 })
  expect(page.data).toHaveLength(1)
  expect(await list('/spend/logs?page_size=1&page=3')).toHaveLength(1)
  expect(await list('/spend/logs?end_user=eve')).toHaveLength(2)
  expect(await list('/spend/logs?tag=night')).toHaveLength(2)
})

test('days are summed up where both ends are named', async () => {
  const sums = await list(`/spend/logs?${days()}`)
  const spend = (await json('/global/spend')).spend
  expect(sums).toHaveLength(1)
  expect(sums[0]).toMatchObject({ startTime: today(), api_keys: { [master]: spend } })
  expect(Object.keys(Object(sums[0]?.['models'])).sort()).toEqual(['m', 'n'])
  expect(await list(`/spend/logs?${days()}&summarize=false`)).toHaveLength(3)
})

test('totals by key, model, provider and tag', async () => {
  const { spend } = await json('/global/spend')
  expect(await list('/spend/keys')).toMatchObject([{ api_key: master, spend }])
  const models = await list('/global/spend/models')
  expect(models.map(({ model }) => model)).toEqual(['m', 'n'])
  expect(await list('/global/spend/provider')).toMatchObject([{ provider: 'openai', spend }])
  expect(await list('/spend/tags')).toMatchObject([
    { individual_request_tag: 'night', log_count: 2 },
    { individual_request_tag: 'batch', log_count: 1 },
  ])
  expect((await json('/global/spend/tags?tags=batch')).spend_per_tag).toMatchObject([
    { name: 'batch', log_count: 1 },
  ])
  expect(await json('/global/activity')).toMatchObject({ sum_api_requests: 3 })
  expect((await list('/global/activity/model')).map(({ model }) => model)).toEqual(['m', 'n'])
  expect(await list('/global/spend/logs')).toMatchObject([{ date: today(), spend }])
  expect(await list('/spend/users')).toEqual([])
  expect(await list('/spend/teams')).toEqual([])
  expect(await json('/global/spend/teams')).toMatchObject({ total_spend_per_team: [] })
})

test('reports by day', async () => {
  const [report] = await list(`/global/spend/report?${days()}&group_by=model`)
  expect(report).toMatchObject({ group_by_day: today() })
  const [customers] = await list(`/global/spend/report?${days()}&group_by=customer`)
  expect(customers?.['customers']).toMatchObject([{ customer: 'eve', api_requests: 2 }])
  const activity = await json(`/user/daily/activity?${days()}`)
  expect(activity.results).toMatchObject([
    {
      date: today(),
      metrics: { api_requests: 3, successful_requests: 3, failed_requests: 0 },
      breakdown: { models: { m: { metrics: { api_requests: 2 } } } },
    },
  ])
  expect(activity.metadata).toMatchObject({ total_api_requests: 3, has_more: false })
  const tags = await json(`/tag/daily/activity?${days()}`)
  expect(tags.results[0].breakdown.entities.night.metrics.api_requests).toBe(2)
})

test('what a request would cost', async () => {
  const usage = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 }
  const answer = await gateway.post('/spend/calculate', {
    completion_response: { model: 'm', usage },
  })
  expect(JSON.parse(await answer.text())).toEqual({ cost: 0.03 })
  const asked = await gateway.post('/spend/calculate', {
    model: 'm',
    messages: [{ role: 'user', content: 'four score and seven years ago' }],
  })
  expect(JSON.parse(await asked.text()).cost).toBeGreaterThan(0.001)
})

test('a question that cannot be read is refused with what was expected', async () => {
  const refused: readonly [string, RegExp][] = [
    ['/spend/logs?start_date=yesterday&end_date=2026-01-01', /start_date: expected a day/],
    ['/spend/logs?start_date=2026-02-30', /start_date: expected a day/],
    ['/spend/logs?page=0', /page: expected a whole number/],
    ['/spend/logs?page_size=99999', /page_size/],
    ['/spend/logs?page=1000000', /name fewer days/],
    [`/spend/logs?request_id=${encodeURIComponent("' or 1=1 --")}`, /request_id/],
    ['/spend/logs?api_key=not-a-key', /virtual key/],
    ['/spend/logs?user_id=a&user_id=b', /user_id: expected one text/],
    ['/spend/logs?user_id=%00', /user_id/],
    ['/global/spend/report', /start_date and end_date/],
    [`/global/spend/report?${days()}&group_by=star_sign`, /group_by: expected one of/],
    ['/user/daily/activity?start_date=2026-02-01&end_date=2026-01-01', /not after/],
  ]
  for (const [at, message] of refused) {
    const answer = await gateway.get(at)
    const { error } = JSON.parse(await answer.text())
    expect(answer.status, at).toBe(400)
    expect(error.message, at).toMatch(message)
  }
  const reset = await gateway.post('/global/spend/reset', {})
  expect(reset.status).toBe(400)
  const nobody = await fetch(`${gateway.url}/spend/logs`)
  expect(nobody.status).toBe(401)
})

test('names in a question are data and nothing else', async () => {
  for (const name of ["'; drop table colonnade.keys; --", '__proto__', '%', 'ünï', '🙂'.repeat(50)])
    expect(await list(`/spend/logs?user_id=${encodeURIComponent(name)}`)).toEqual([])
  expect(await list('/spend/logs')).toHaveLength(3)
})
