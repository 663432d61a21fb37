import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { providers } from '../../gateway/providers/index.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/routing.md'), 'utf8')

/** Rows of the table of what vendors refuse: provider, refused parameters, other names, repairs. */
const table = page.split('| provider | refuses |')[1]?.split('\n\n')[0] ?? ''
const rows = [...table.matchAll(/^\| `(\w+)`.*$/gm)].map(([line, provider = '']) => ({
  provider,
  cells: line.split('|').slice(2, 5),
}))

function codesIn(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}

const ruled = Object.values(providers).filter(({ rules }) => rules)

test('every vendor with rules has a row, and no other', () => {
  expect(rows.map(({ provider }) => provider).sort()).toEqual(ruled.map(({ name }) => name).sort())
})

describe.each(ruled)('$name', ({ name, rules = [] }) => {
  const cells = rows.find(({ provider }) => provider === name)?.cells ?? []

  test('refuses what its row says', () => {
    expect(codesIn(cells[0]).sort()).toEqual(rules.flatMap(({ refused = [] }) => refused).sort())
  })

  test('knows parameters under the names its row says', () => {
    const renamed = rules.flatMap(({ renamed: names = [] }) => names)
    expect(codesIn(cells[1])).toEqual(renamed.flat())
  })

  test('is helped where its row says so', () => {
    const repairs = rules.flatMap(({ repairs: list = [] }) => list)
    expect((cells[2] ?? '').trim() !== '').toBe(repairs.length > 0)
  })
})
