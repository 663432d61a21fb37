import { describe, expect, test } from 'vitest'

import type { DeploymentHealth } from '../../../gateway/endpoints/deployment-health.ts'
import { mergeHealth } from '../../../gateway/endpoints/health-report.ts'

const well: DeploymentHealth = {
  model: 'm',
  modelId: 'a',
  provider: 'openai',
  apiBase: 'http://10.0.0.7:8000/v1',
  inFlight: 1,
  breaker: 'closed',
  coolingForMs: 0,
  limitedForMs: 0,
  latencyMs: 40,
  lastOutcome: { code: 'ok', atMs: 1_000 },
  gate: {
    quotas: [{ unit: 'requests', per: 'day', amount: 50, remaining: 7, resetsInMs: 9_000 }],
    slots: { total: 4, free: 3, queued: 1 },
  },
}

const ill: DeploymentHealth = {
  ...well,
  inFlight: 2,
  breaker: 'open',
  coolingForMs: 5_000,
  limitedForMs: 70,
  latencyMs: 5_000,
  configurationFault: 'upstream_refused_our_key',
  lastOutcome: { code: 'upstream_refused_our_key', status: 401, atMs: 2_000 },
  gate: {
    quotas: [{ unit: 'requests', per: 'day', amount: 50, remaining: 5, resetsInMs: 9_000 }],
    slots: { total: 4, free: 0, queued: 2 },
  },
}

const reportsOf = (...deployments: DeploymentHealth[]) =>
  deployments.map((one) => ({ deployments: [one], leftOut: [] }))

describe('/health', () => {
  test.each([
    ['the one', [well, ill]],
    ['the other', [ill, well]],
  ] as const)(
    'of several workers is that of the newest outcome and the least left, %s first',
    (_, both) => {
      expect(mergeHealth(reportsOf(...both), { isMaster: true, servers: [] })).toMatchObject({
        healthy_endpoints: [],
        unhealthy_endpoints: [
          {
            model_id: 'a',
            in_flight: 3,
            breaker: 'open',
            cooling_for_ms: 5_000,
            limited_for_ms: 70,
            latency_ms: 5_000,
            last_outcome: 'upstream_refused_our_key',
            last_status: 401,
            configuration_fault: 'upstream_refused_our_key',
            error:
              'The server refuses the api_key (401). Set a valid one that may use this model. A real request finds out now and then whether that has been done.',
            quotas: [
              { unit: 'requests', per: 'day', amount: 50, remaining: 5, resets_in_ms: 9_000 },
            ],
            slots: { total: 4, free: 3, queued: 3 },
          },
        ],
      })
    },
  )

  test('tells names and outcomes to anyone, and nothing else', () => {
    expect(mergeHealth(reportsOf(ill), { isMaster: false, servers: [] })).toMatchObject({
      unhealthy_endpoints: [
        {
          model: 'm',
          last_outcome: 'upstream_refused_our_key',
          last_outcome_at: '1970-01-01T00:00:02.000Z',
        },
      ],
      unhealthy_count: 1,
    })
    const shown = JSON.stringify(mergeHealth(reportsOf(ill), { isMaster: false, servers: [] }))
    expect(shown).not.toMatch(/10\.0\.0\.7|api_key|quota|model_id/)
  })

  test('knows a fault for mended when another worker has been answered since', () => {
    const { configurationFault: _, ...since } = { ...ill, lastOutcome: { code: 'ok', atMs: 3_000 } }
    const merged = JSON.stringify(
      mergeHealth(reportsOf(ill, since), { isMaster: true, servers: [] }),
    )
    expect(merged).toContain('"healthy_count":1')
    expect(merged).not.toContain('configuration_fault')
  })
})
