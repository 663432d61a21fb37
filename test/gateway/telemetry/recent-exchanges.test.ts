import { expect, test } from 'vitest'
import { RecentExchanges } from '../../../gateway/telemetry/recent-exchanges.ts'

const ended = (id: string, callId: string, endedAt: number) => ({
  exchange: { id, callId },
  endedAt,
})

test('an exchange is found by its id and by what its caller calls it', () => {
  const recent = new RecentExchanges(3)
  const one = ended('a', 'mine', 10)
  recent.add(one)
  expect(recent.find('a', 0)).toBe(one)
  expect(recent.find('mine', 0)).toBe(one)
  expect(recent.find('b', 0)).toBeUndefined()
})

test('of two with one call id the newer is told of', () => {
  const recent = new RecentExchanges(3)
  recent.add(ended('a', 'same', 10))
  const newer = ended('b', 'same', 20)
  recent.add(newer)
  expect(recent.find('same', 0)).toBe(newer)
})

test('the oldest makes room, and what is too old is not found', () => {
  const recent = new RecentExchanges(2)
  for (const [index, id] of ['a', 'b', 'c'].entries()) recent.add(ended(id, id, index))
  expect(recent.find('a', 0)).toBeUndefined()
  expect(recent.find('b', 0)?.exchange.id).toBe('b')
  expect(recent.find('b', 2)).toBeUndefined()
  expect(recent.find('c', 2)?.exchange.id).toBe('c')
})
