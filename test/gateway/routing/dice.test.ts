import { expect, test } from 'vitest'

import { digest, roll, rollBelow, type Dice } from '../../../gateway/routing/dice.ts'

test('the same seed gives the same throws', () => {
  const [one, other]: [Dice, Dice] = [{ state: 7 }, { state: 7 }]
  for (let count = 0; count < 50; count += 1) expect(roll(one)).toBe(roll(other))
})

test.each([0, 1, 0xffff_ffff])('throws from %i are spread evenly', (state) => {
  const dice: Dice = { state }
  const counts = Array.from({ length: 6 }, () => 0)
  for (let count = 0; count < 12_000; count += 1) {
    const side = rollBelow(6, dice)
    counts[side] = (counts[side] ?? NaN) + 1
  }
  for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(200)
})

test('first throws of neighbouring seeds have nothing to do with each other', () => {
  const firsts = Array.from({ length: 6_000 }, (_, state) => roll({ state }))
  const mean = firsts.reduce((sum, value) => sum + value, 0) / firsts.length
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.02)
  const rises = firsts.filter((value, at) => at > 0 && value > (firsts[at - 1] ?? 0)).length
  expect(Math.abs(rises / firsts.length - 0.5)).toBeLessThan(0.03)
})

test('a digest is the same everywhere, and goes on from another', () => {
  expect(digest('')).toBe(0x811c9dc5)
  expect(digest('a')).toBe(0xe40c292c)
  expect(digest('bc', digest('a'))).toBe(digest('abc'))
  expect(digest('déjà vu')).not.toBe(digest('deja vu'))
})
