import { expect, test } from 'vitest'

import { createKeyring, nobody } from '../../../gateway/auth/keyring.ts'
import { chatCompletions } from '../../../gateway/endpoints/chat.ts'
import { Exchange } from '../../../gateway/pipeline/exchange.ts'
import { createRouter } from '../../../gateway/routing/router.ts'
import { RecentExchanges } from '../../../gateway/telemetry/recent-exchanges.ts'
import { readModule } from '../../../modules/read-module.ts'

const { module } = readModule('model_list: []', { file: 'llm.yaml', name: 'llm' })
if (!module) throw new Error('an empty list is a module')
const serving = {
  generation: 3,
  digest: '',
  module,
  router: createRouter(module, []),
  keyring: createKeyring([]),
  leftOut: [],
  warnings: [],
  loadedAtMs: 0,
}

function exchangeOf(id: string, callId = id): Exchange {
  const exchange = new Exchange({
    id,
    callId,
    serving,
    endpoint: chatCompletions,
    caller: nobody,
    startedAt: 5,
    startedAtMs: 1_700_000_000_000,
  })
  exchange.model = 'qwen'
  exchange.outcome = 'ok'
  exchange.status = 200
  exchange.usage = { promptTokens: 5, completionTokens: 3, totalTokens: 8 }
  return exchange
}

test('an exchange is found by its id and by what its caller calls it', () => {
  const recent = new RecentExchanges(3)
  recent.add(exchangeOf('a', 'mine'), 10)
  expect(recent.explain('a', 0)).toMatchObject({ id: 'a', call_id: 'mine', duration_ms: 5 })
  expect(recent.explain('mine', 0)).toMatchObject({ id: 'a' })
  expect(recent.explain('b', 0)).toBeUndefined()
})

test('a plain one is told of in full, and its place is used again', () => {
  const recent = new RecentExchanges(1)
  recent.add(exchangeOf('a'), 10)
  const told = recent.explain('a', 0)
  recent.add(exchangeOf('b'), 20)
  expect(recent.explain('a', 0)).toBeUndefined()
  expect(told).toEqual({
    id: 'a',
    call_id: 'a',
    module: 'llm',
    endpoint: 'chat-completions',
    model: 'qwen',
    group: '(unknown)',
    stream: false,
    caller: 'None',
    config_generation: 3,
    started_at: '2023-11-14T22:13:20.000Z',
    duration_ms: 5,
    first_byte_ms: null,
    outcome: 'ok',
    status: 200,
    deployment: null,
    decisions: [],
    attempts: [],
    fallbacks: [],
    refused_by_budget: 0,
    note: 'One deployment stands behind this model, and it answered at the first attempt.',
    usage: { promptTokens: 5, completionTokens: 3, totalTokens: 8 },
    cost: null,
  })
})

test('one that failed is told of without the note', () => {
  const recent = new RecentExchanges(1)
  const failed = exchangeOf('a')
  failed.outcome = 'model_not_found'
  failed.status = 404
  recent.add(failed, 10)
  expect(recent.explain('a', 0)).toMatchObject({ outcome: 'model_not_found', status: 404 })
  expect(recent.explain('a', 0)).not.toHaveProperty('note')
})

test('of two with one call id the newer is told of', () => {
  const recent = new RecentExchanges(3)
  recent.add(exchangeOf('a', 'same'), 10)
  recent.add(exchangeOf('b', 'same'), 20)
  expect(recent.explain('same', 0)).toMatchObject({ id: 'b' })
})

test('the oldest makes room, and what is too old is not found', () => {
  const recent = new RecentExchanges(2)
  for (const [index, id] of ['a', 'b', 'c'].entries()) recent.add(exchangeOf(id), 10 + index)
  expect(recent.explain('a', 0)).toBeUndefined()
  expect(recent.explain('b', 0)).toMatchObject({ id: 'b' })
  expect(recent.explain('b', 12)).toBeUndefined()
  expect(recent.explain('c', 12)).toMatchObject({ id: 'c' })
})
