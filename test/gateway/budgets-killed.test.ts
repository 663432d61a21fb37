import { expect, test } from 'vitest'

import { faultsOf, runStorm } from './budget-storm.ts'

test(
  'gateways killed at random, Postgres away twice: never above a limit, nothing lost, every cost in the log',
  { timeout: 240_000 },
  async () => {
    const report = await runStorm({
      seconds: 10,
      callers: 40,
      kills: 4,
      outages: 2,
      dollars: 0.003,
    })
    expect(faultsOf(report), JSON.stringify(report, null, 1)).toEqual([])
    expect(report.limits).toHaveLength(10)
    expect(report.answers['ok']).toBeGreaterThan(0)
  },
)
