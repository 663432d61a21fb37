import { expect, test } from 'vitest'

import { SlotDesk } from '../../../gateway/limits/slot-desk.ts'
import type { SlotNotice } from '../../../gateway/limits/slot-ledger.ts'

function createDesk() {
  const told: [member: number, notice: SlotNotice][] = []
  const desk = new SlotDesk((member, notice) => void told.push([member, notice]))
  const renew = (member: number, total = 4) =>
    desk.answer(member, { op: 'renew', places: [{ key: 'gpu', total }] })
  const claim = (member: number, wanted: number, isUrgent = true) => {
    const held = renew(member).held[0]?.[1] ?? 0
    const ask = { key: 'gpu', total: 4, wanted, held, isUrgent }
    return desk.answer(member, { op: 'claim', ask }).got
  }
  const giveBack = (member: number, count: number) =>
    desk.answer(member, { op: 'give back', key: 'gpu', count })
  return { desk, told, renew, claim, giveBack }
}

test('no more places are given out than there are', () => {
  const { claim, renew } = createDesk()
  expect([claim(1, 3), claim(2, 3), claim(3, 1)]).toEqual([3, 1, 0])
  expect(renew(1)).toMatchObject({ holders: 3, held: [['gpu', 3]] })
})

test('a wish is told to the others, and again to who holds places and renews', () => {
  const { told, claim, renew } = createDesk()
  claim(1, 4)
  claim(2, 2)
  const wish = { kind: 'wanted', key: 'gpu', from: '2', wanted: 2, held: 0 }
  expect(told).toEqual([[1, wish]])
  expect(renew(1).wishes).toEqual([wish])
  expect(renew(2).wishes).toEqual([])
})

test('who has waited for longer is given places first, and then stands behind the others', () => {
  const { claim, giveBack } = createDesk()
  claim(1, 4)
  expect([claim(2, 2), claim(3, 2)]).toEqual([0, 0])
  giveBack(1, 1)
  expect(claim(3, 2)).toBe(0)
  expect(claim(2, 2)).toBe(1)
  giveBack(1, 2)
  expect([claim(2, 1), claim(3, 2)]).toEqual([0, 2])
})

test('who passes a place on does not get it back while another waits', () => {
  const { claim, giveBack } = createDesk()
  claim(1, 3)
  claim(2, 1)
  expect([claim(1, 2), claim(2, 2)]).toEqual([0, 0])
  giveBack(1, 1)
  expect([claim(1, 3), claim(2, 2)]).toEqual([0, 1])
})

test('a quiet claim takes nothing that somebody waits for, and leaves no wish', () => {
  const { claim, renew, giveBack } = createDesk()
  claim(1, 4)
  claim(2, 1)
  giveBack(1, 1)
  expect(claim(3, 1, false)).toBe(0)
  expect(renew(1).wishes).toHaveLength(1)
})

test('what a worker held is free when it ends', () => {
  const { desk, told, claim } = createDesk()
  claim(1, 4)
  claim(2, 4)
  desk.remove(1)
  expect(told.at(-1)).toEqual([2, { kind: 'freed', key: 'gpu' }])
  expect(claim(2, 4)).toBe(4)
})

test('a wish that is withdrawn holds up nobody', () => {
  const { desk, claim, giveBack } = createDesk()
  claim(1, 4)
  claim(2, 4)
  desk.answer(2, { op: 'withdraw', key: 'gpu' })
  giveBack(1, 4)
  expect(claim(3, 4)).toBe(4)
})
