import { expect, test } from 'vitest'

import {
  newKeyFields,
  newTeamFields,
  newUserFields,
} from '../../gateway/management/account-fields.ts'
import { limits } from '../../gateway/management/limit-fields.ts'
import { managementPaths } from '../../gateway/management/paths.ts'
import { readPages } from './pages.ts'

const page = readPages().find(({ path }) => path === 'docs/management.md')?.text ?? ''
const rows = [...page.matchAll(/^\| `((?:GET|POST) [^`]+)` \|([^|]*)\|/gm)]

test('has a row for every path, and for no other', () => {
  expect(rows.map(([, path = '']) => path).sort()).toEqual([...managementPaths].sort())
})

test('names every field that limits, and none that there is not', () => {
  const [, after = ''] = page.split('\n## Limits\n')
  const [table = ''] = after.split('\n## ')
  const named = [...table.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
  )
  expect(named.sort()).toEqual(Object.keys(limits).sort())
})

test.each([
  ['POST /key/generate', newKeyFields],
  ['POST /team/new', newTeamFields],
  ['POST /user/new', newUserFields],
])('the fields it names of %s are fields', (path, fields) => {
  const cell = rows.find(([, name]) => name === path)?.[2] ?? ''
  const named = [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((name) => !Object.hasOwn(fields, name))).toEqual([])
})
