import { expect, test } from 'vitest'
import { formatTable } from '../../../scripts/local/table.ts'

test('columns line up, and the last one breaks at the width', () => {
  const table = formatTable(
    ['module', 'models'],
    [
      ['llm', 'one two three four five six'],
      ['audio', ''],
    ],
    32,
  )
  expect(table.split('\n')).toEqual([
    'module  models',
    'llm     one two three four five',
    '        six',
    'audio',
  ])
})
