import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { findSheet, readPriceList } from '../../../gateway/accounting/price-list.ts'
import { PriceBook } from '../../../gateway/accounting/price-book.ts'

const file = new URL('../../../gateway/accounting/model-prices.json', import.meta.url)
const text = readFileSync(file, 'utf8')
const lines = text.split('\n').slice(1, -2)

function pagesOf(bytes: Buffer) {
  return {
    size: bytes.length,
    read: (at: number, length: number) => bytes.subarray(at, at + length),
  }
}

test('the list is one model a line, sorted by bytes, and no line is longer than a page', () => {
  const names = lines.map((line) => line.slice(1, line.indexOf('"', 1)))
  expect(names).toEqual(names.toSorted((a, b) => Buffer.from(a).compare(Buffer.from(b))))
  expect(Object.keys(JSON.parse(text))).toEqual(names)
  expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThan(4096)
})

test('every model of the list is found, as the list has it', () => {
  const all: Record<string, unknown> = JSON.parse(text)
  readPriceList((find) => {
    for (const name of Object.keys(all)) expect(find(name)).toEqual(all[name])
  })
})

test.each(['', ' ', '{', '"', '}', 'gpt', 'zzzz', '1024', 'gpt-4o-', 'gpt-4o"', '\uFFFF'])(
  'a name that is not in it is not found: %j',
  (name) => {
    expect(readPriceList((find) => find(name))).toBeUndefined()
  },
)

test('lists of any length are searched', () => {
  const list: string[] = []
  for (let index = 0; index < 12; index += 1) {
    const bytes = Buffer.from(`{\n${list.join(',\n')}\n}\n`)
    for (let other = 0; other < 12; other += 1) {
      const found = findSheet(pagesOf(bytes), `model-${`${other}`.padStart(2, '0')}`)
      expect(found).toEqual(other < index ? { input_cost_per_token: other } : undefined)
    }
    list.push(`"model-${`${index}`.padStart(2, '0')}": {"input_cost_per_token": ${index}}`)
  }
  expect(findSheet(pagesOf(Buffer.alloc(0)), 'model-00')).toBeUndefined()
})

test('a name is looked up once, and no more than a thousand are kept', () => {
  const looked: string[] = []
  const book = new PriceBook((look) =>
    look((name) => {
      looked.push(name)
      return { input_cost_per_token: 1 }
    }),
  )
  expect(book.find('a')).toBe(book.find('a'))
  expect(looked).toEqual(['a'])
  for (let index = 0; index < 1000; index += 1) book.find(`model-${index}`)
  book.find('model-999')
  expect(looked).toHaveLength(1001)
  book.find('a')
  expect(looked).toHaveLength(1002)
})
