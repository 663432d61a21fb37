import { describe, expect, test } from 'vitest'

import { readModule } from '../../../modules/read-module.ts'
import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { orderCandidates } from '../../../gateway/routing/candidates.ts'
import { createDeployments } from '../../../gateway/routing/create-deployments.ts'
import type { Deployment } from '../../../gateway/routing/deployment.ts'

function deploymentsOf(...params: Record<string, unknown>[]): readonly Deployment[] {
  const model_list = params.map((more, at) => ({
    model_name: 'm',
    litellm_params: { model: `openai/${at}`, api_base: 'http://127.0.0.1:1/v1', ...more },
  }))
  const { module } = readModule(JSON.stringify({ model_list }), { file: 'm.yaml', name: 'm' })
  if (!module) throw new Error('no module')
  return createDeployments(module, { findVariable: () => undefined }).deployments
}

const group = (deployments: readonly Deployment[]) => ({ name: 'm', deployments, captures: [] })

/** Uniform and repeatable: a linear congruential generator. */
function chance(seed = 1): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

const order = (deployments: readonly Deployment[], now = 0, random = chance()) =>
  orderCandidates(group(deployments), 'chat-completions', { now, random }).map((one) =>
    deployments.indexOf(one),
  )

const rest = (one: Deployment | undefined) =>
  one?.health.recordFailure('upstream_failed', 0, 0, { allowedFails: 0, cooldownMs: 1_000 })

test('every deployment is a candidate, once', () => {
  const all = deploymentsOf({}, {}, {}, {})
  for (let seed = 1; seed < 200; seed += 1)
    expect(order(all, 0, chance(seed)).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3])
})

test('priority classes come strictly in order, whatever the load', () => {
  const all = deploymentsOf({ order: 2 }, { order: 1 }, { order: 1 }, { order: 3 })
  for (const at of [1, 2]) if (all[at]) all[at].health.inFlight = 500
  for (let seed = 1; seed < 100; seed += 1) {
    const [a, b, c, d] = order(all, 0, chance(seed))
    expect([new Set([a, b]), c, d]).toEqual([new Set([1, 2]), 0, 3])
  }
})

test('of two random choices the less loaded goes first', () => {
  const all = deploymentsOf({}, {})
  if (all[0]) all[0].health.inFlight = 9
  const firsts = Array.from({ length: 200 }, (_, seed) => order(all, 0, chance(seed + 1))[0])
  expect(new Set(firsts)).toEqual(new Set([1]))
})

test('equals share the traffic', () => {
  const all = deploymentsOf({}, {}, {})
  const random = chance()
  const firsts = Array.from({ length: 3_000 }, () => order(all, 0, random)[0])
  for (const at of [0, 1, 2])
    expect(firsts.filter((first) => first === at).length).toBeGreaterThan(700)
})

describe('one that rests', () => {
  test('stands last, and is back when its rest is over', () => {
    const all = deploymentsOf({ order: 1 }, { order: 2 })
    rest(all[0])
    expect(order(all, 500)).toEqual([1, 0])
    expect(order(all, 1_000)).toEqual([0, 1])
  })

  test('is still tried where all rest', () => {
    const all = deploymentsOf({ order: 2 }, { order: 1 })
    for (const one of all) rest(one)
    expect(order(all, 500)).toEqual([1, 0])
  })
})

test('one that does not speak the endpoint is none', () => {
  const mixed = deploymentsOf({}, { model: 'a1111/x' })
  expect(order(mixed)).toEqual([0])
  const [, pictures] = mixed
  if (!pictures) throw new Error('no deployment')
  const ask = () => order([pictures])
  expect(ask).toThrow(GatewayError)
  expect(ask).toThrow(/does not take chat-completions; it takes images-generations/)
})

test('ids are stable, apart, and hold no key', () => {
  const one = deploymentsOf({ api_key: 'k1' }, {}, {})
  const two = deploymentsOf({ api_key: 'k2' }, {}, {})
  expect(one.map(({ id }) => id)).toEqual(two.map(({ id }) => id))
  expect(new Set(one.map(({ id }) => id)).size).toBe(3)
})
