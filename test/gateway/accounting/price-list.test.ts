import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { PriceBook } from '../../../gateway/accounting/price-book.ts'
import { createPriceIndex } from '../../../gateway/accounting/price-list.ts'

const file = new URL('../../../gateway/accounting/model-prices.json', import.meta.url)
const text = readFileSync(file, 'utf8')

function bookOf(list: string) {
  const bytes = Buffer.from(list)
  const reads: number[] = []
  const book = new PriceBook(
    () => createPriceIndex(bytes),
    (at, length) => {
      reads.push(at)
      return bytes.subarray(at, at + length)
    },
  )
  return { book, reads }
}

test('the list is one model a line, sorted by the bytes of their names', () => {
  const names = text
    .split('\n')
    .slice(1, -2)
    .map((line) => line.slice(1, line.indexOf('"', 1)))
  expect(names).toEqual(names.toSorted((a, b) => Buffer.from(a).compare(Buffer.from(b))))
  expect(Object.keys(JSON.parse(text))).toEqual(names)
})

test('every model of the list is found, as the list has it', () => {
  const all: Record<string, unknown> = JSON.parse(text)
  const { find } = new PriceBook()
  for (const name of Object.keys(all)) expect(find(name)).toEqual(all[name])
})

test.each(['', ' ', '{', '"', '}', 'gpt', 'zzzz', '1024', 'gpt-4o-', 'gpt-4o"', '\uFFFF'])(
  'a name that is not in it is not found: %j',
  (name) => {
    expect(new PriceBook().find(name)).toBeUndefined()
  },
)

test('lists of any length are searched', () => {
  const lines: string[] = []
  const name = (index: number) => `model-${`${index}`.padStart(2, '0')}`
  for (let count = 0; count < 12; count += 1) {
    const { book } = bookOf(`{\n${lines.join(',\n')}\n}\n`)
    for (let other = 0; other < 12; other += 1) {
      const found = book.find(name(other))
      expect(found).toEqual(other < count ? { input_cost_per_token: other } : undefined)
    }
    lines.push(`"${name(count)}": {"input_cost_per_token": ${count}}`)
  }
  expect(bookOf('').book.find('a')).toBeUndefined()
})

test('a model is read once, one that is not there never, and no more than a thousand are kept', () => {
  const name = (index: number) => `model-${`${index}`.padStart(4, '0')}`
  const lines = Array.from({ length: 1500 }, (_, index) => `"${name(index)}": {"mode": "chat"}`)
  const { book, reads } = bookOf(`{\n${lines.join(',\n')}\n}\n`)
  expect(book.find(name(0))).toBe(book.find(name(0)))
  expect(book.find('nobody')).toBeUndefined()
  expect(reads).toHaveLength(1)
  for (let index = 1; index <= 1000; index += 1) book.find(name(index))
  book.find(name(1000))
  expect(reads).toHaveLength(1001)
  book.find(name(0))
  expect(reads).toHaveLength(1002)
})
