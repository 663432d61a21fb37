import { describe, expect, test } from 'vitest'

import type { ErrorCode } from '../../../gateway/errors/catalogue.ts'
import { Health, type FailedAttempt } from '../../../gateway/routing/health.ts'

/** One attempt that fails at once. */
function fail(
  health: Health,
  now: number,
  rules: FailedAttempt = {},
  code: ErrorCode = 'upstream_failed',
) {
  const ticket = health.begin(now)
  health.recordFailure(code, now, now, { ticket, ...rules })
  health.end(ticket)
}

function succeed(health: Health, now: number) {
  const ticket = health.begin(now)
  health.recordFirstByte(10, now, ticket)
  health.recordSuccess(now, ticket)
  health.end(ticket)
}

function rested(now = 0, rules: FailedAttempt = { allowedFails: 0 }): Health {
  const health = new Health()
  fail(health, now, rules)
  return health
}

describe('rest', () => {
  test('begins with the fifth failure in a row', () => {
    const health = new Health()
    for (const now of [0, 1, 2, 3]) fail(health, now)
    expect(health.coolingMs(3)).toBe(0)
    fail(health, 4)
    expect(health.coolingMs(4)).toBe(1_000)
    expect(health.coolingMs(1_004)).toBe(0)
  })

  test('is not begun by single failures within success, however long', () => {
    const health = new Health()
    for (let now = 0; now < 400_000; now += 100) {
      if (now % 1_000 === 0) fail(health, now)
      else succeed(health, now)
      expect(health.coolingMs(now)).toBe(0)
    }
  })

  test('begins when less than half of twenty in ten seconds succeed', () => {
    const health = new Health()
    let asked = 0
    for (; asked < 40 && health.coolingMs(asked) === 0; asked += 1) {
      if (asked % 5 < 2) succeed(health, asked)
      else fail(health, asked)
    }
    expect(asked).toBeGreaterThanOrEqual(20)
    expect(asked).toBeLessThan(25)
  })

  test('is not begun where half of them succeed', () => {
    const health = new Health()
    for (let now = 0; now < 9_000; now += 10) {
      if (now % 20 === 0) succeed(health, now)
      else fail(health, now)
    }
    expect(health.coolingMs(9_000)).toBe(0)
  })

  test('doubles with each failure of the probe, up to a minute', () => {
    const health = new Health()
    const rests: number[] = []
    let now = 0
    for (let count = 0; count < 9; count += 1) {
      fail(health, now, { allowedFails: 0 })
      rests.push(health.coolingMs(now))
      now += health.coolingMs(now)
    }
    expect(rests).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000))
  })

  test('is not doubled by what was under way when it began', () => {
    const health = new Health()
    const tickets = Array.from({ length: 50 }, () => health.begin(0))
    for (const ticket of tickets) health.recordFailure('upstream_failed', 10, 10, { ticket })
    expect(health.coolingMs(10)).toBe(1_000)
  })

  test('is not ended by an answer that was under way when it began', () => {
    const health = new Health()
    const early = health.begin(0)
    for (const now of [1, 2, 3, 4, 5]) fail(health, now)
    health.recordFirstByte(5, 6, early)
    health.recordSuccess(6, early)
    health.end(early)
    expect(health.coolingMs(6)).toBeGreaterThan(0)
  })

  test('ends with a good answer to what was asked all the same', () => {
    const health = rested()
    succeed(health, 10)
    expect([health.coolingMs(10), health.breaker(10)]).toEqual([0, 'closed'])
  })

  test('lasts at least as long as a failing upstream asked for', () => {
    expect(rested(0, { allowedFails: 0, retryAfterMs: 20_000 }).coolingMs(0)).toBe(20_000)
  })
})

describe('allowed_fails', () => {
  test('forgives that many failures in one cooldown time', () => {
    const rules = { allowedFails: 1, cooldownMs: 90_000 }
    const health = rested(0, rules)
    expect(health.coolingMs(0)).toBe(0)
    fail(health, 89_999, rules)
    expect(health.coolingMs(89_999)).toBe(90_000)
  })

  test('forgets them after one cooldown time', () => {
    const health = new Health()
    for (let now = 0; now < 100_000; now += 2_600) {
      fail(health, now, { allowedFails: 2 })
      expect(health.coolingMs(now)).toBe(0)
    }
  })

  test('counts failures with successes between them, as LiteLLM does', () => {
    const health = new Health()
    for (const now of [0, 10, 20]) {
      fail(health, now, { allowedFails: 3 })
      succeed(health, now + 1)
    }
    fail(health, 40, { allowedFails: 3 })
    expect(health.coolingMs(40)).toBeGreaterThan(0)
  })

  test('may be given for a class of failures, which is counted by itself', () => {
    const rules = { allowedFails: 0, allowedFailsPolicy: { TimeoutError: 2 } }
    const health = new Health()
    for (const now of [0, 1]) fail(health, now, rules, 'upstream_timeout')
    expect(health.coolingMs(1)).toBe(0)
    fail(health, 2, rules, 'upstream_timeout')
    expect(health.coolingMs(2)).toBeGreaterThan(0)
    expect(rested(0, rules).coolingMs(0)).toBeGreaterThan(0)
  })

  test('a 503 is of the class ServiceUnavailableError', () => {
    const rules = { allowedFailsPolicy: { ServiceUnavailableError: 0 } }
    expect(rested(0, { ...rules, status: 503 }).coolingMs(0)).toBeGreaterThan(0)
    expect(rested(0, { ...rules, status: 500 }).coolingMs(0)).toBe(0)
  })
})

test.each([{ cooldownMs: 0 }, { areCooldownsDisabled: true }])('%o: it never rests', (rules) => {
  const health = new Health()
  for (let now = 0; now < 100; now += 1) {
    fail(health, now, rules)
    fail(health, now, { ...rules, retryAfterMs: 9_000 }, 'upstream_rate_limited')
    fail(health, now, rules, 'upstream_refused_our_key')
  }
  expect([health.coolingMs(99), health.limitedMs(99)]).toEqual([0, 0])
  expect(health.configurationFault).toBe('upstream_refused_our_key')
})

describe('the probe', () => {
  test('is the first request after a rest, and only that', () => {
    const health = rested()
    expect([health.breaker(999), health.breaker(1_000)]).toEqual(['open', 'half-open'])
    expect(health.isProbed(1_000)).toBe(false)
    const probe = health.begin(1_000)
    expect(health.isProbed(1_000)).toBe(true)
    const other = health.begin(1_001)
    health.end(other)
    expect(health.isProbed(1_002)).toBe(true)
    health.end(probe)
    expect(health.isProbed(1_003)).toBe(false)
  })

  test('is given back when the caller leaves, and the next request is it', () => {
    const health = rested()
    health.end(health.begin(1_000))
    expect([health.isProbed(1_000), health.coolingMs(1_000)]).toEqual([false, 0])
    health.begin(1_001)
    expect(health.isProbed(1_001)).toBe(true)
  })

  test('lets the others in with the first byte of its answer', () => {
    const health = rested()
    const probe = health.begin(1_000)
    health.recordFirstByte(100, 1_100, probe)
    expect([health.isProbed(1_100), health.breaker(1_100)]).toEqual([false, 'closed'])
  })

  test('that fails rests it at once, twice as long', () => {
    const health = rested()
    fail(health, 1_000)
    expect(health.coolingMs(1_000)).toBe(2_000)
  })

  test('that gives no sign for ten seconds lets one more request try', () => {
    const health = rested()
    health.begin(1_000)
    expect(health.isProbed(10_999)).toBe(true)
    expect(health.isProbed(11_000)).toBe(false)
    health.begin(11_000)
    expect(health.isProbed(11_000)).toBe(true)
  })

  test('a refusal of the request says nothing about the server', () => {
    const health = rested()
    fail(health, 1_000, {}, 'upstream_rejected')
    expect([health.coolingMs(1_000), health.breaker(1_000)]).toEqual([0, 'half-open'])
  })
})

describe('a 429', () => {
  const limit = (health: Health, now: number, retryAfterMs: number | undefined) =>
    fail(health, now, { retryAfterMs }, 'upstream_rate_limited')

  test('deselects until its reset', () => {
    const health = new Health()
    limit(health, 100, 7_000)
    expect([health.limitedMs(100), health.coolingMs(100)]).toEqual([7_000, 0])
    limit(health, 200, 1_000)
    expect(health.limitedMs(200)).toBe(6_900)
    expect(health.limitedMs(7_100)).toBe(0)
  })

  test('without one it is a short rest', () => {
    const health = new Health()
    limit(health, 0, undefined)
    expect([health.limitedMs(0), health.coolingMs(0)]).toEqual([0, 1_000])
  })

  test('ends early with a good answer to a later request, not with an earlier one', () => {
    const health = new Health()
    const early = health.begin(0)
    limit(health, 1, 7_000)
    health.recordSuccess(2, early)
    expect(health.limitedMs(2)).toBe(6_999)
    succeed(health, 3)
    expect(health.limitedMs(3)).toBe(0)
  })

  test('is forgiven as often as allowed_fails_policy says', () => {
    const health = new Health()
    const rules = { retryAfterMs: 7_000, allowedFailsPolicy: { RateLimitError: 1 } }
    fail(health, 0, rules, 'upstream_rate_limited')
    expect(health.coolingMs(0)).toBe(0)
    fail(health, 1, rules, 'upstream_rate_limited')
    expect(health.coolingMs(1)).toBe(7_000)
  })
})

describe.each(['upstream_refused_our_key', 'upstream_lacks_model'] as const)('%s', (code) => {
  test('is a fault to mend: rested at once, asked now and then, never for longer', () => {
    const health = new Health()
    for (let now = 0; now < 1_000_000; now += 10_000) {
      expect(health.coolingMs(now)).toBe(0)
      fail(health, now, {}, code)
      expect(health.coolingMs(now)).toBe(10_000)
    }
    expect(health.configurationFault).toBe(code)
    succeed(health, 1_000_000)
    expect(health.configurationFault).toBeUndefined()
  })

  test('does not lengthen the rests of an outage', () => {
    const health = new Health()
    fail(health, 0, {}, code)
    fail(health, 10_000, {})
    expect(health.coolingMs(10_000)).toBe(1_000)
  })

  test('is forgotten when a new document comes', () => {
    const health = new Health()
    fail(health, 0, {}, code)
    health.forgetConfigurationFault()
    expect([health.configurationFault, health.coolingMs(0)]).toEqual([undefined, 0])
  })
})

test('a new document does not wake what rests from failures', () => {
  const health = rested()
  health.forgetConfigurationFault()
  expect(health.coolingMs(0)).toBe(1_000)
})

test('a caller that leaves counts for nothing', () => {
  const health = new Health()
  for (let count = 0; count < 20; count += 1) {
    const ticket = health.begin(count)
    health.recordFailure('caller_gone', count, count, { ticket })
    health.end(ticket)
  }
  expect([health.inFlight, health.coolingMs(20), health.lastOutcome]).toEqual([0, 0, undefined])
})

test('rests are counted by the status that began them', () => {
  const health = rested(0, { allowedFails: 0, status: 503 })
  fail(health, 1_000, { status: 503 })
  fail(health, 3_000, { retryAfterMs: 5_000 }, 'upstream_rate_limited')
  expect([...health.restsByStatus]).toEqual([
    [503, 2],
    [429, 1],
  ])
})

describe('latency', () => {
  test('of calls under way is known by their number', () => {
    const health = new Health()
    const tickets = [health.begin(0), health.begin(0)]
    expect([health.inFlight, new Set(tickets).size]).toEqual([2, 2])
  })

  test('takes a peak at once and comes down slowly', () => {
    const health = new Health()
    health.recordFirstByte(1_000, 0)
    expect(health.latencyMs(0)).toBe(1_000)
    health.recordFirstByte(100, 1_000)
    expect(health.latencyMs(1_000)).toBeGreaterThan(500)
    expect(health.latencyMs(60_000)).toBeLessThan(100)
  })

  test('of a long answer is not taken for that of a slow server', () => {
    const talkative = new Health()
    const slow = new Health()
    talkative.recordAnswer(20_500, 1_000, 0)
    slow.recordAnswer(8_000, 100, 0)
    expect(talkative.latencyMs(0)).toBeLessThan(slow.latencyMs(0))
    const streaming = new Health()
    streaming.recordFirstByte(1_000, 0)
    expect(talkative.latencyMs(0)).toBeLessThan(streaming.latencyMs(0) * 2)
  })

  test.each(['upstream_failed', 'upstream_rate_limited', 'upstream_unreachable'] as const)(
    'a fast %s does not look like a fast server',
    (code) => {
      const failing = new Health()
      const slow = new Health()
      fail(failing, 0, {}, code)
      slow.recordFirstByte(2_000, 0)
      expect(failing.latencyMs(0)).toBeGreaterThan(slow.latencyMs(0))
    },
  )

  test('a failure that took long counts as long', () => {
    const health = new Health()
    fail(health, 60_000, { tookMs: 60_000 }, 'upstream_timeout')
    expect(health.latencyMs(60_000)).toBe(60_000)
  })
})

describe('mean latency', () => {
  test('is of the last ten samples, answers and streams apart', () => {
    const health = new Health()
    expect(health.meanLatency(false, 0)).toBe(0)
    for (let count = 1; count <= 20; count += 1) health.recordSpeed(false, count, count)
    health.recordSpeed(true, 3, 20)
    expect([health.meanLatency(false, 20), health.meanLatency(true, 20)]).toEqual([15.5, 3])
  })

  test('of as many samples, and for as long, as the document says', () => {
    const health = new Health()
    health.keepSamples({ most: 2, lifeMs: 1_000 })
    for (let count = 1; count <= 20; count += 1) health.recordSpeed(false, count, count)
    expect([health.meanLatency(false, 20), health.meanLatency(false, 2_000)]).toEqual([19.5, 0])
    health.keepSamples({ most: 2, lifeMs: 1_000 })
    expect(health.meanLatency(false, 20)).toBe(19.5)
    health.keepSamples({ most: 3, lifeMs: 1_000 })
    expect(health.meanLatency(false, 20)).toBe(0)
  })

  test('forgets after an hour', () => {
    const health = new Health()
    health.recordSpeed(false, 5, 0)
    expect([health.meanLatency(false, 3_600_000), health.meanLatency(false, 3_600_001)]).toEqual([
      5, 0,
    ])
  })

  test('counts a timeout as a thousand seconds', () => {
    const health = new Health()
    health.recordSpeed(false, 0, 0)
    fail(health, 1, {}, 'upstream_timeout')
    expect(health.meanLatency(false, 1)).toBe(500)
  })
})
