import { describe, expect, test } from 'vitest'

import { Health } from '../../../gateway/routing/health.ts'

const fail = (health: Health, now: number, rules = {}) =>
  health.recordFailure('upstream_failed', now, 0, rules)

describe('rest', () => {
  test('begins after more failures in a row than are allowed', () => {
    const health = new Health()
    for (const now of [0, 1, 2]) fail(health, now)
    expect(health.isCooling(2)).toBe(false)
    fail(health, 3)
    expect(health.isCooling(3)).toBe(true)
    expect(health.coolingForMs(3)).toBe(1_000)
    expect(health.isCooling(1_003)).toBe(false)
  })

  test('a success in between begins the count anew', () => {
    const health = new Health()
    for (let now = 0; now < 20; now += 1) {
      fail(health, now)
      if (now % 3 === 2) health.recordSuccess(0)
    }
    expect(health.isCooling(20)).toBe(false)
  })

  test('doubles with each failure of the probe, up to a minute', () => {
    const health = new Health()
    const rests: number[] = []
    let now = 0
    for (let count = 0; count < 9; count += 1) {
      fail(health, now, { allowedFails: 0 })
      rests.push(health.coolingForMs(now))
      now += health.coolingForMs(now)
    }
    expect(rests).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000))
  })

  test('follows allowed_fails and cooldown_time', () => {
    const health = new Health()
    fail(health, 0, { allowedFails: 1, cooldownMs: 90_000 })
    expect(health.isCooling(0)).toBe(false)
    fail(health, 0, { allowedFails: 1, cooldownMs: 90_000 })
    expect(health.coolingForMs(0)).toBe(90_000)
  })

  test('after a 429 lasts until its reset', () => {
    const health = new Health()
    health.recordFailure('upstream_rate_limited', 100, 0, { retryAfterMs: 7_000 })
    expect(health.coolingForMs(100)).toBe(7_000)
    health.recordFailure('upstream_rate_limited', 200, 0, { retryAfterMs: 1_000 })
    expect(health.coolingForMs(200)).toBe(6_900)
  })

  test('ends with a success', () => {
    const health = new Health()
    health.recordFailure('upstream_rate_limited', 0, 0, { retryAfterMs: 7_000 })
    health.recordSuccess(5)
    expect(health.isCooling(1)).toBe(false)
    expect(health.lastOutcome).toEqual({ code: 'ok', atMs: 5 })
  })
})

describe.each(['upstream_refused_our_key', 'upstream_lacks_model'] as const)('%s', (code) => {
  test('is a fault to mend: it rests at once, and is tried again', () => {
    const health = new Health()
    health.recordFailure(code, 0, 0)
    expect(health.configurationFault).toBe(code)
    expect(health.isCooling(0)).toBe(true)
    expect(health.isCooling(1_000)).toBe(false)
    health.recordSuccess(0)
    expect(health.configurationFault).toBeUndefined()
  })

  test('is forgotten when a new document comes', () => {
    const health = new Health()
    health.recordFailure(code, 0, 0)
    health.forgetConfigurationFault()
    expect([health.configurationFault, health.isCooling(0)]).toEqual([undefined, false])
  })
})

test('a new document does not wake what rests from failures', () => {
  const health = new Health()
  fail(health, 0, { allowedFails: 0 })
  health.forgetConfigurationFault()
  expect(health.isCooling(0)).toBe(true)
})

describe('load', () => {
  test('grows with the calls under way and with latency', () => {
    const health = new Health()
    const idle = health.loadAt(0)
    health.inFlight = 3
    expect(health.loadAt(0)).toBe(idle * 4)
    health.inFlight = 0
    health.recordFirstByte(500, 0)
    expect(health.loadAt(0)).toBe(500)
  })

  test('takes a peak at once and comes down slowly', () => {
    const health = new Health()
    health.recordFirstByte(1_000, 0)
    health.recordFirstByte(100, 1_000)
    expect(health.loadAt(1_000)).toBeGreaterThan(500)
    expect(health.loadAt(60_000)).toBeLessThan(100)
  })

  test('a fast failure does not look like a fast server', () => {
    const failing = new Health()
    const slow = new Health()
    fail(failing, 0)
    slow.recordFirstByte(2_000, 0)
    expect(failing.loadAt(0)).toBeGreaterThan(slow.loadAt(0))
  })
})
