import { describe, expect, test } from 'vitest'

import { RetryBudget } from '../../../gateway/routing/retry-budget.ts'

/** Asks once for each request of a steady load in which everything fails; how many were granted. */
function grantedOf(
  budget: RetryBudget,
  perSecond: number,
  fromMs: number,
  seconds: number,
): number {
  let granted = 0
  for (let count = 0; count < perSecond * seconds; count += 1) {
    const now = fromMs + (count * 1_000) / perSecond
    budget.deposit(now)
    // Each request would go on until it is told no.
    while (budget.tryWithdraw(now)) granted += 1
  }
  return granted
}

describe('the retry budget', () => {
  test.each([50, 100, 1_000])('adds a fifth to %i failing requests a second', (perSecond) => {
    const granted = grantedOf(new RetryBudget(), perSecond, 1_000_000, 30)
    expect(granted).toBeLessThanOrEqual(perSecond * 30 * 0.2 + 10)
    expect(granted).toBeGreaterThan(perSecond * 30 * 0.19)
  })

  test('grants ten a second where hardly anybody asks', () => {
    expect(grantedOf(new RetryBudget(), 1, 0, 20)).toBe(200)
  })

  test('adds no more than a fifth to a burst', () => {
    expect(grantedOf(new RetryBudget(), 1_000, 5_000, 1)).toBe(200)
  })

  test('forgets requests after ten seconds', () => {
    const budget = new RetryBudget()
    for (let count = 0; count < 1_000; count += 1) budget.deposit(500)
    const ask = (now: number) => Array.from({ length: 300 }, () => budget.tryWithdraw(now))
    expect(ask(10_999).filter(Boolean)).toHaveLength(10)
    const fresh = new RetryBudget()
    for (let count = 0; count < 1_000; count += 1) fresh.deposit(500)
    expect(
      Array.from({ length: 300 }, () => fresh.tryWithdraw(9_999)).filter(Boolean),
    ).toHaveLength(200)
  })

  test('counts how often it says no', () => {
    const budget = new RetryBudget()
    for (let count = 0; count < 15; count += 1) budget.tryWithdraw(0)
    expect(budget.refused).toBe(5)
  })

  test('takes a clock that stands or goes back', () => {
    const budget = new RetryBudget()
    expect(budget.tryWithdraw(9_000)).toBe(true)
    expect(budget.tryWithdraw(3_000)).toBe(true)
    expect(
      Array.from({ length: 20 }, () => budget.tryWithdraw(9_500)).filter(Boolean),
    ).toHaveLength(8)
  })
})
