import { expect, test } from 'vitest'

import { Turns } from '../../../gateway/storage/turns.ts'

test('so many work at once, the others in the order they came, and beyond that they are refused', async () => {
  const turns = new Turns({ most: 2, mostWaiting: 2 })
  const begun: number[] = []
  const ends = new Map<number, () => void>()
  const work = (number: number) =>
    turns.take(() => {
      begun.push(number)
      return new Promise<number>((resolve) => ends.set(number, () => resolve(number)))
    })
  const all = [1, 2, 3, 4].map(work)
  await expect(work(5)).rejects.toMatchObject({ code: 'storage_unavailable' })
  expect(begun).toEqual([1, 2])
  ends.get(2)?.()
  await all[1]
  expect(begun).toEqual([1, 2, 3])
  ends.get(1)?.()
  await all[0]
  expect(begun).toEqual([1, 2, 3, 4])
  ends.get(3)?.()
  ends.get(4)?.()
  expect(await Promise.all(all)).toEqual([1, 2, 3, 4])
})

test('work that fails gives its turn on', async () => {
  const turns = new Turns({ most: 1, mostWaiting: 1 })
  const failing = turns.take(() => Promise.reject(new Error('no')))
  const next = turns.take(() => Promise.resolve('next'))
  await expect(failing).rejects.toThrow('no')
  expect(await next).toBe('next')
  expect(await turns.take(() => Promise.resolve('again'))).toBe('again')
})
