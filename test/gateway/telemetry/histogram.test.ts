import fc from 'fast-check'
import { expect, test } from 'vitest'

import { Histogram, latencyBuckets } from '../../../gateway/telemetry/histogram.ts'

test('every observation is in the first bucket that holds it', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1_000, noNaN: true })), (seconds) => {
      const histogram = new Histogram()
      for (const one of seconds) histogram.observe(one)
      const wanted = [...latencyBuckets, Infinity].map(
        (le, at) =>
          seconds.filter((one) => one <= le && one > (latencyBuckets[at - 1] ?? -1)).length,
      )
      expect(histogram.counts).toEqual(wanted)
      expect(histogram.count).toBe(seconds.length)
      expect(histogram.sum).toBeCloseTo(
        seconds.reduce((sum, one) => sum + one, 0),
        6,
      )
    }),
  )
})

test('a bound belongs to its bucket', () => {
  const histogram = new Histogram()
  histogram.observe(0.005)
  histogram.observe(600)
  histogram.observe(600.001)
  expect([histogram.counts[0], histogram.counts.at(-2), histogram.counts.at(-1)]).toEqual([1, 1, 1])
})
