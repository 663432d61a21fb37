import { expect, test } from 'vitest'

import { laterPaths } from '../../gateway/management/later-paths.ts'
import { readPages } from './pages.ts'

test('docs/spend.md has a row for every path about spend and stored models, and for no other', () => {
  const page = readPages().find(({ path }) => path === 'docs/spend.md')?.text ?? ''
  const rows = [...page.matchAll(/^\| `((?:GET|POST|PATCH|DELETE) [^`]+)` \|/gm)]
  expect(rows.map(([, path = '']) => path).sort()).toEqual([...laterPaths].sort())
})
