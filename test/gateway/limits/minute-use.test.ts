import { expect, test } from 'vitest'

import { MinuteUse } from '../../../gateway/limits/minute-use.ts'

const minuteMs = 60_000
const noon = 1_700_000_000_000 - (1_700_000_000_000 % minuteMs)

test('counts requests and tokens of the running minute', () => {
  const use = new MinuteUse()
  use.begin(100, noon)
  use.begin(50, noon + 59_999)
  expect([use.requests(noon + 59_999), use.tokens(noon + 59_999)]).toEqual([2, 150])
  expect([use.requests(noon + minuteMs), use.tokens(noon + minuteMs)]).toEqual([0, 0])
})

test('what was used in the end takes the place of what was expected', () => {
  const use = new MinuteUse()
  const minute = use.begin(100, noon)
  use.correct(minute, 20 - 100)
  expect(use.tokens(noon)).toBe(20)
})

test('a call that was not sent has not been', () => {
  const use = new MinuteUse()
  use.takeBack(use.begin(100, noon), 100)
  expect([use.requests(noon), use.tokens(noon)]).toEqual([0, 0])
})

test('a call that outlives its minute changes nothing in the next', () => {
  const use = new MinuteUse()
  const minute = use.begin(100, noon)
  use.begin(7, noon + minuteMs)
  use.correct(minute, -80)
  use.takeBack(minute, 100)
  expect([use.requests(noon + minuteMs), use.tokens(noon + minuteMs)]).toEqual([1, 7])
})

test('the mean follows the last calls', () => {
  const use = new MinuteUse()
  expect(use.meanTokens).toBe(0)
  use.learnUse(1_000)
  expect(use.meanTokens).toBe(1_000)
  for (let call = 0; call < 30; call += 1) use.learnUse(100)
  expect(use.meanTokens).toBeGreaterThan(100)
  expect(use.meanTokens).toBeLessThan(110)
})
