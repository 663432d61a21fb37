import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CallerGates } from '../../gateway/limits/caller-gates.ts'
import { createCounters } from '../../gateway/limits/counters.ts'
import { SlotBook } from '../../gateway/limits/slot-book.ts'
import { callerGauges } from '../../gateway/telemetry/caller-gauges.ts'
import { latencyBuckets } from '../../gateway/telemetry/histogram.ts'
import { createFakeUpstream, type Behaviour, type FakeUpstream } from '../doubles/fake-upstream.ts'
import { accessOf, holder, moduleOf } from '../gateway/limits/caller-doubles.ts'
import { deployment, startGateway, type TestGateway } from '../doubles/gateway.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8')

interface Metric {
  readonly type: string
  readonly labels: Set<string>
}

/** Sets of labels the page gives a name to. */
const sets = new Map(
  [...page.matchAll(/^- \*(\w+)\*: ((?:`\w+`(?:, )?)+)/gm)].map(([, name = '', list = '']) => [
    name,
    namesIn(list),
  ]),
)

const documented = new Map<string, Metric>(
  [...page.matchAll(/^\| `(\w+)` \| (\w+) \|([^|]*)\|/gm)].map(
    ([, name = '', type = '', cell = '']) => {
      const borrowed = [...cell.matchAll(/\*(\w+)\*/g)].flatMap(
        ([, set = '']) => sets.get(set) ?? [],
      )
      return [name, { type, labels: new Set([...borrowed, ...namesIn(cell)]) }]
    },
  ),
)

function namesIn(list: string): string[] {
  return [...list.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)
}

/** Every metric of a scrape, with the labels of its series but `module` and `le`. */
function readScrape(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>()
  for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm))
    metrics.set(name, { type, labels: new Set() })
  for (const [, series = '', labels = ''] of text.matchAll(/^(\w+)\{(.*)\} \S+$/gm)) {
    const metric = metrics.get(series) ?? metrics.get(series.replace(/_(bucket|sum|count)$/, ''))
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g))
      if (label !== 'module' && label !== 'le') metric?.labels.add(label)
  }
  return metrics
}

const usage = {
  prompt_tokens: 9,
  completion_tokens: 5,
  total_tokens: 14,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 2 },
}

const chunk = { choices: [{ index: 0, delta: { content: 'a' }, finish_reason: 'stop' }] }

/** Fails, streams, draws or chats, by what it is asked. */
const answerAll: Behaviour = ({ path, body }, response) => {
  const asked = body.toString()
  const [status, type, text] = asked.includes('"please fail"')
    ? [500, 'application/json', '{}']
    : asked.includes('"stream":true')
      ? [200, 'text/event-stream', `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`]
      : [200, 'application/json', JSON.stringify(answerFor(path))]
  response.writeHead(status, { 'content-type': type }).end(text)
}

function answerFor(path: string): unknown {
  return path.endsWith('/images/generations')
    ? { created: 1, data: [{ b64_json: 'aGk=' }] }
    : { id: '1', choices: [], usage }
}

const limits = {
  rpm: 1_000,
  tpm: 1_000_000,
  max_parallel_requests: 100,
  quota: [
    { unit: 'requests', amount: 1_000, per: 'day' },
    { unit: 'tokens', amount: 1_000_000, per: 'day' },
  ],
}

let upstream: FakeUpstream
let gateway: TestGateway
let exposed: Map<string, Metric>

beforeAll(async () => {
  upstream = await createFakeUpstream(answerAll)
  const params = { num_retries: 0, ...limits }
  const model_list = [
    deployment('m', upstream.url, { ...params, input_cost_per_token: 1e-6 }),
    deployment('n', upstream.url, { ...params, base_model: 'nobody-knows' }),
  ]
  const router_settings = { allowed_fails: 0, fallbacks: [{ m: ['n'] }] }
  gateway = await startGateway({ config: { model_list, router_settings } })
  const chat = { model: 'm', messages: [{ role: 'user', content: 'please' }] }
  const requests = [
    gateway.post('/v1/chat/completions', chat),
    gateway.post('/v1/chat/completions', { ...chat, stream: true }),
    gateway.post('/v1/images/generations', {
      model: 'm',
      prompt: 'a',
      response_format: 'b64_json',
    }),
    gateway.post('/v1/completions', { model: 'm', prompt: 'please fail' }),
    gateway.post('/v1/chat/completions', { ...chat, mock_testing_fallbacks: true }),
    gateway.post('/v1/completions', {
      model: 'm',
      prompt: 'please fail',
      num_retries: 1,
      fallbacks: ['n'],
    }),
  ]
  const statuses = await Promise.all(
    requests.map(async (request) => {
      const response = await request
      await response.text()
      return response.status
    }),
  )
  expect(statuses).toEqual([200, 200, 200, 502, 200, 502])
  exposed = readScrape(await (await gateway.get('/metrics')).text())
  for (const [name, label] of await readCallers()) exposed.get(name)?.labels.add(label)
})

/** Labels of what virtual keys alone have, for which there is no database here. */
async function readCallers(): Promise<[name: string, label: string][]> {
  const log = { warn: () => undefined }
  const clocks = { now: () => performance.now(), wallClock: () => Date.now() }
  const counters = createCounters({ ledger: undefined, log, ...clocks })
  const callers = new CallerGates({
    openCounters: () => counters,
    openSlots: () => new SlotBook(clocks.now),
    log,
    ...clocks,
  })
  const money = { budgets: [{ nano: 10, duration: '1d' }], softBudgetNano: 1 }
  const kinds = ['key', 'user', 'team', 'customer'] as const
  const ofModels = { m: { requestsPerMinute: 1, tokensPerMinute: 10 } }
  const access = accessOf(...kinds.map((kind) => holder(kind, 'x', money, { ofModels })))
  const gate = callers.of(access, moduleOf('m'))
  const ask = { id: 'x', model: 'm', tokens: 1, nano: 1, patienceMs: 0 }
  const admission = await gate?.admit(ask)
  admission?.settle({ tokens: 5, nano: 1, wasSent: true })
  await Promise.allSettled([(async () => gate?.admit(ask))()])
  await counters.close(0)
  return callerGauges(callers, clocks.now).flatMap(({ name, read }) => {
    const series = read()
    if (typeof series === 'number') return []
    return series.flatMap(({ labels }) =>
      Object.keys(labels).map((label): [string, string] => [name, label]),
    )
  })
}

afterAll(async () => {
  await gateway?.close()
  await upstream?.close()
})

const isOfTheProcess = (name: string): boolean => /^(process|nodejs)_/.test(name)

test('has a row for every metric the gateway exposes, and for no other', () => {
  const own = [...exposed.keys()].filter((name) => !isOfTheProcess(name))
  expect([...documented.keys()].sort()).toEqual(own.sort())
})

test('gives each the type and the labels it has', () => {
  for (const [name, metric] of documented) expect(exposed.get(name), name).toEqual(metric)
})

test('the metrics of the process are those of its two groups, the lag of the event loop among them', () => {
  expect(exposed.has('nodejs_eventloop_lag_p99_seconds')).toBe(true)
  expect(exposed.has('process_start_time_seconds')).toBe(true)
})

test('gives the buckets of the histograms', () => {
  const [, list = ''] = /^Buckets, in seconds: ([\d. ]+)\.$/m.exec(page) ?? []
  expect(list.split(' ').map(Number)).toEqual([...latencyBuckets])
})

test('its queries ask only for metrics that exist', () => {
  const [, queries = ''] = /```promql\n([^]*?)```/.exec(page) ?? []
  const asked = [...queries.matchAll(/\b(?:litellm|colonnade)_\w+/g)].map(([name]) => name)
  expect(asked.length).toBeGreaterThan(5)
  const unknown = asked.filter(
    (name) => !documented.has(name) && !documented.has(name.replace(/_(bucket|sum|count)$/, '')),
  )
  expect(unknown).toEqual([])
})
